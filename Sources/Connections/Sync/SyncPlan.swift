import Accounts
import BoundaryText
import Database
import Jobs

/// A kind of sync, as the feature that brings it plans it.
public struct SyncPlan: FeaturePart {
    /// What is compared.
    public let kind: Sync.Kind
    /// With which kind of connection; each has one such sync.
    public let family: ConnectionFamily
    /// The pause between the beginnings of two runs, unless the configuration says another.
    public let interval: Duration
    /// Whether it runs as soon as a server starts, since the downtime is unknown.
    public let isDueAtStart: Bool
    /// The kinds of connections after whose change it runs: those of its own kind for the one that changed, others for
    /// all of the organization.
    public let follows: Set<ConnectionFamily>
    /// Whether it runs after such a change also where the schedule leaves it out.
    public let isNeeded: Bool

    /// Describes a kind.
    public init(
        _ kind: Sync.Kind, with family: ConnectionFamily, each interval: Duration, isDueAtStart: Bool = false,
        after follows: Set<ConnectionFamily> = [], isNeeded: Bool = false
    ) {
        self.kind = kind
        self.family = family
        self.interval = interval
        self.isDueAtStart = isDueAtStart
        self.follows = follows
        self.isNeeded = isNeeded
    }
}

/// What does a kind of sync: one step of a run at a time.
public struct SyncRunner: FeaturePart {
    /// The kind.
    public let kind: Sync.Kind
    /// Which of these parts an organization does not have; nil for a kind that always looks at everything.
    public let unknownParts: (@Sendable ([String], Organization.ID) async throws -> [String])?
    /// Takes the next step of a run; nil when there is nothing to do.
    public let step: @Sendable (Sync) async throws -> SyncStep?
    /// What an error of a step means; nil for what is just to be tried again.
    public let failure: @Sendable (any Error, Sync) async throws -> SyncFailure?

    /// Describes it.
    public init(
        _ kind: Sync.Kind,
        unknownParts: (@Sendable ([String], Organization.ID) async throws -> [String])? = nil,
        failure: @escaping @Sendable (any Error, Sync) async throws -> SyncFailure?,
        step: @escaping @Sendable (Sync) async throws -> SyncStep?
    ) {
        self.kind = kind
        self.unknownParts = unknownParts
        self.failure = failure
        self.step = step
    }
}

/// What a step found.
public struct SyncStep: Sendable {
    /// How much of the run is done with it.
    public var done: Int
    /// How much there is to do; nil for as much as was known.
    public var total: Int?
    /// Where the next step goes on; nil after the last.
    public var next: String?
    /// Stores it.
    /// - Returns: the jobs that follow from it.
    public var store: @Sendable (Connection) throws -> [NewJob]

    /// Describes it.
    public init(
        done: Int, total: Int?, next: String?, store: @escaping @Sendable (Connection) throws -> [NewJob]
    ) {
        self.done = done
        self.total = total
        self.next = next
        self.store = store
    }
}

/// What an error of a step means for its run.
public enum SyncFailure: Sendable {
    /// The connection cannot be used for a while; the run goes on then.
    case pause(String, for: Duration, effect: JobEffect? = nil)
    /// The run ends: it cannot succeed until a person does something.
    case cannot(String)
}

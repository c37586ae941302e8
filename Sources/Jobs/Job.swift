import BoundaryText
import Database
import Foundation

/// Names what a job does, such as `refresh_ticket`. Stored, so it is never renamed.
public struct JobKind: RawRepresentable, Hashable, Sendable, SQLConvertible, SQLDecodable {
    /// Lower case with underscores.
    public let rawValue: String

    /// Names a kind.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }
}

/// Which of the jobs of a group of lanes go first, whenever they were enqueued.
public enum JobPriority: Int, Sendable, CaseIterable, SQLConvertible, SQLDecodable {
    /// Somebody waits for it.
    case prompt = 0
    /// In the order in which they became ready.
    case usual = 1
}

/// A stored job's state; drawn in docs/how-it-works.md. A finished job moves to the history.
public enum JobState: String, Sendable, CaseIterable, SQLConvertible, SQLDecodable {
    /// At the head of its lane, to be run at its time.
    case ready
    /// Behind another of its lane.
    case waiting
    /// Held by a worker.
    case running
    /// Given up; waits for a person. Tables of schema 2 say `parked`.
    case failed = "parked"
}

/// A job to be enqueued.
public struct NewJob: Sendable, Equatable {
    /// What is to be done.
    public var kind: JobKind
    /// What it is to be done with, as JSON.
    public var payload: String
    /// Jobs of one lane run one at a time, in the order of enqueuing; nil for jobs that run independently.
    public var lane: String?
    /// Lanes of one outside system, such as `webex:3`, that can be paused together.
    public var laneGroup: String?
    /// Whether a waiting job of the same kind and lane absorbs this one.
    public var coalesces: Bool
    /// Before which others it is claimed.
    public var priority: JobPriority
    /// Not before this instant.
    public var runAt: Date

    /// Describes a job whose payload is already JSON.
    public init(
        kind: JobKind, payload: String, lane: String? = nil, laneGroup: String? = nil, coalesces: Bool = false,
        priority: JobPriority = .usual, runAt: Date
    ) {
        self.kind = kind
        self.payload = payload
        self.lane = lane
        self.laneGroup = laneGroup
        self.coalesces = coalesces
        self.priority = priority
        self.runAt = runAt
    }
}

/// A job that this worker holds: no other worker runs it while the lease lasts.
public struct ClaimedJob: Sendable, Equatable, RowDecodable {
    /// The type of a job's key.
    public typealias ID = RowID<ClaimedJob>

    /// The key.
    public let id: ID
    /// What is to be done.
    public let kind: JobKind
    /// What it is to be done with, as JSON.
    public let payload: String
    /// The lane, if it has one.
    public let lane: String?
    /// The group of its lane.
    public let laneGroup: String?
    /// Before which others it was claimed.
    public let priority: JobPriority
    /// Grows with each claim; a worker whose number is not the newest has lost the job.
    public let fence: Int
    /// How often it failed before and was to be tried again.
    public let failures: Int
    /// Whether an earlier worker was cut off in the middle, so that what it did outside is unknown.
    public let interrupted: Bool
    /// When it was enqueued.
    public let createdAt: Date

    /// Reads a claimed row.
    public init(row: Row) throws {
        id = try row["id"]
        kind = try row["kind"]
        payload = try row["payload"]
        lane = try row["lane"]
        let group: String? = try row["lane_group"]
        laneGroup = group == JobGroup.none ? nil : group
        priority = try row["priority"]
        fence = try row["fence"]
        failures = try row["failures"]
        interrupted = try row["interrupted"]
        createdAt = try row["created_at"]
    }
}

/// What a job's effect on the database is; runs in the transaction that settles the job, so that both happen or neither.
public typealias JobEffect = @Sendable (Connection) throws -> Void

/// How a run of a job ended.
public enum JobOutcome: Sendable {
    /// Done.
    case done(JobEffect? = nil)
    /// Done, and followed by the jobs that the effect returns. They are enqueued after all effects of a batch, in one
    /// step: an effect that enqueues by itself would lock lanes in an order of its own, and deadlock with others.
    case followed(by: @Sendable (Connection) throws -> [NewJob])
    /// Done; what it found out is stored with what other jobs did.
    case found(any JobFinding)
    /// Failed, to be tried again by the kind's schedule or the one given, or after the given time if that is longer. When
    /// the schedule is used up, `exhausted` runs instead of `effect` and the job fails.
    case retry(
        String, after: Duration? = nil, schedule: RetrySchedule? = nil, effect: JobEffect? = nil,
        exhausted: JobEffect? = nil)
    /// Nothing wrong with the job: its outside system cannot be used for a while. All lanes of the job's group wait;
    /// it does not count as a failure.
    case pause(String, for: Duration, effect: JobEffect? = nil)
    /// Not its time yet: it runs again then, holds up nothing but its lane, and it does not count as a failure.
    case wait(String, for: Duration, effect: JobEffect? = nil)
    /// Cannot succeed without a person: visible until it is retried.
    case fail(String, effect: JobEffect? = nil)
}

extension JobOutcome {
    /// Whether it changes something of its own when it is settled.
    var hasEffect: Bool {
        switch self {
        case .done(let effect): effect != nil
        case .found: false
        case .followed, .retry, .pause, .wait, .fail: true
        }
    }

    /// Whether something waits for what follows it.
    var mayBeFollowed: Bool {
        switch self {
        case .done: false
        case .found(let finding): type(of: finding).mayBeFollowed
        case .followed, .retry, .pause, .wait, .fail: true
        }
    }
}

/// A job that gave up and waits for a person.
public struct FailedJob: Sendable, Equatable, RowDecodable {
    /// The key.
    public let id: ClaimedJob.ID
    /// What was to be done.
    public let kind: JobKind
    /// What with.
    public let payload: String
    /// Why it gave up.
    public let lastError: String?
    /// When it was enqueued.
    public let createdAt: Date

    /// Reads a failed row.
    public init(row: Row) throws {
        id = try row["id"]
        kind = try row["kind"]
        payload = try row["payload"]
        lastError = try row["last_error"]
        createdAt = try row["created_at"]
    }
}

/// How many jobs are in which state.
public struct JobCounts: Sendable, Equatable {
    /// To be run now or later.
    public var ready = 0
    /// Behind another job of their lane.
    public var waiting = 0
    /// Held by a worker.
    public var running = 0
    /// Given up.
    public var failed = 0

    /// None at all.
    public static let none = JobCounts()
}

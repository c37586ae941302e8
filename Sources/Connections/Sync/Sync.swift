import API
import Accounts
import BoundaryText
import Database
import Foundation

/// One kind of comparison with an outside system, how its last run went, and when the next one starts.
public struct Sync: Sendable, Equatable {
    /// The type of a sync's key.
    public typealias ID = API.Syncs.ID

    /// What is compared. Each feature names its own.
    public struct Kind: RawRepresentable, Hashable, Sendable, Codable, SQLConvertible, SQLDecodable {
        /// Lower case with underscores; stored, and part of a setting's name.
        public let rawValue: String

        /// Names a kind.
        public init(rawValue: String) { self.rawValue = rawValue }
    }

    /// See ``API/Syncs``.
    public typealias State = API.Syncs.State

    /// The key.
    public let id: ID
    /// Whose it is.
    public let organization: Organization.ID
    /// What is compared.
    public let kind: Kind
    /// With whom.
    public let connection: ConnectionKey
    /// Grows with each run.
    public let run: Int
    /// The state of the last run.
    public let state: State
    /// The only parts that are looked at, such as boards; empty for all.
    public let parts: [String]
    /// How far the run is; nil at the beginning. Only the step that wrote it knows what it means.
    public let position: String?
    /// How much of the run is done.
    public let done: Int
    /// How much there is to do, once it is known.
    public let total: Int?
    /// When the last run began.
    public let startedAt: Date?
    /// When it ended.
    public let finishedAt: Date?
    /// What went wrong last, and what to do about it.
    public let lastError: String?
    /// When the next run begins by itself; nil for never.
    public let nextRunAt: Date?

    init(row: Row, of connection: ConnectionKey) throws {
        id = try row["id"]
        organization = try row["organization_id"]
        kind = try row["kind"]
        self.connection = connection
        run = try row["run"]
        state = try row["state"]
        let parts: String = try row["boards"]
        self.parts = parts.splitBytes(on: ",").map(String.init)
        position = try row["position"]
        done = try row["done"]
        total = try row["total"]
        startedAt = try row["started_at"]
        finishedAt = try row["finished_at"]
        lastError = try row["last_error"]
        nextRunAt = try row["next_run_at"]
    }
}

/// How often each kind of sync runs by itself.
public struct SyncSchedule: Sendable, Equatable {
    /// The pause between the beginnings of two runs; a kind that is missing never runs by itself.
    public var intervals: [Sync.Kind: Duration]

    /// A schedule of its own.
    public init(_ intervals: [Sync.Kind: Duration]) {
        self.intervals = intervals
    }

    /// As the features that bring the kinds want it.
    public init(_ plans: [SyncPlan]) {
        self.init(Dictionary(plans.map { ($0.kind, $0.interval) }, uniquingKeysWith: { $1 }))
    }

    /// When a kind runs again that ended now.
    func next(_ kind: Sync.Kind, after instant: Date) -> Date? {
        intervals[kind].map { instant.addingTimeInterval(Double($0.components.seconds)) }
    }
}

extension API.Syncs.State: SQLConvertible, SQLDecodable {}

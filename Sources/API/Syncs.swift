import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Syncs: comparisons with the outside systems.
public enum Syncs {
    /// The type of a sync's key.
    public typealias ID = RowID<Syncs>

    /// What is compared.
    public enum Kind: String, Sendable, CaseIterable, Codable {
        case boards
        case recipients
        case tickets
        case catchUp = "catch_up"
        case callbacks
    }

    /// Whether a sync runs, and how its last run ended.
    public enum State: String, Sendable, Codable, CaseIterable {
        /// Does not run.
        case idle
        /// Starts as soon as a worker is free.
        case queued
        case running
        /// Does not run, and the last run gave up.
        case failed
    }

    /// A sync.
    public struct Answer: Codable, Sendable, Identifiable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, kind, state, done, total
            case connection = "connection_id"
            case connectionName = "connection_name"
            case boards = "board_ids"
            case startedAt = "started_at"
            case finishedAt = "finished_at"
            case duration = "duration_seconds"
            case lastError = "last_error"
            case nextRunAt = "next_run_at"
        }

        public var id: ID
        public var kind: Open<Kind>
        public var connection: Int64?
        public var connectionName: String
        public var state: Open<State>
        /// The only boards that are compared; empty for all.
        public var boards: [String]
        public var done: Int
        /// Nil while it is not known.
        public var total: Int?
        public var startedAt: Date?
        public var finishedAt: Date?
        public var duration: Double?
        public var lastError: String?
        /// Nil for a sync that runs only on request.
        public var nextRunAt: Date?

        public init(
            id: ID, kind: Open<Kind>, connection: Int64?, connectionName: String, state: State, boards: [String],
            done: Int, total: Int?, startedAt: Date?, finishedAt: Date?, duration: Double?, lastError: String?,
            nextRunAt: Date?
        ) {
            self.id = id
            self.kind = kind
            self.connection = connection
            self.connectionName = connectionName
            self.state = .known(state)
            self.boards = boards
            self.done = done
            self.total = total
            self.startedAt = startedAt
            self.finishedAt = finishedAt
            self.duration = duration
            self.lastError = lastError
            self.nextRunAt = nextRunAt
        }
    }

    /// Which syncs to start.
    public struct Start: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case kinds
            case boards = "board_ids"
        }

        public let kinds: [String]
        /// The only boards to compare; all when left out.
        public let boards: [String]?
    }

    public static let list = Operation(
        "listSyncs", .get, "/sync/status", .viewer, .sync, "List syncs", gives: Few<Answer>.self)
    public static let start = Operation(
        "startSyncs", .post, "/sync", .admin, .sync, "Start syncs", takes: Start.self, gives: Few<Answer>.self,
        success: .accepted)
    public static let cancel = Operation(
        "cancelSync", .post, "/sync/{id}/cancel", .admin, .sync, "Cancel a sync", at: ID.self, gives: Answer.self)
}

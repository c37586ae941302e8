import Accounts
import BoundaryText
import Database
import Foundation
import Ticketing

/// One kind of comparison with an outside system, how its last run went, and when the next one starts.
public struct Sync: Sendable, Equatable, RowDecodable {
    /// The type of a sync's key.
    public typealias ID = RowID<Sync>

    /// What is compared.
    public enum Kind: String, Sendable, CaseIterable, Codable, SQLConvertible, SQLDecodable {
        /// All boards and their statuses.
        case boards
        /// All rooms, and the chat accounts of all members.
        case recipients
        /// The open tickets.
        case tickets
        /// What changed since the last look, whether or not a hook told of it.
        case catchUp = "catch_up"
        /// That the ticketing system calls us on each change.
        case callbacks

        /// Whether it belongs to a chat connection; else to a connection to a ticketing system.
        var isOfChat: Bool {
            switch self {
            case .recipients: true
            case .boards, .tickets, .catchUp, .callbacks: false
            }
        }
    }

    /// How the last run stands.
    public enum State: String, Sendable, Codable, CaseIterable, SQLConvertible, SQLDecodable {
        /// Nothing is under way.
        case idle
        /// To be started as soon as somebody has time.
        case queued
        /// Under way.
        case running
        /// Nothing is under way, and the last run gave up.
        case failed
    }

    /// The key.
    public let id: ID
    /// Whose it is.
    public let organization: Organization.ID
    /// What is compared.
    public let kind: Kind
    /// The connection to the ticketing system, unless it is about chat.
    public let psa: PSAConnection.ID?
    /// The chat connection, if it is about chat.
    public let chat: ChatConnection.ID?
    /// Grows with each run.
    public let run: Int
    /// How the last run stands.
    public let state: State
    /// The only boards that are looked at; empty for all.
    public let boards: [Board.ID]
    /// How far the run is; nil at the beginning. Only the step that wrote it knows what it means.
    public let position: String?
    /// How much of the run is done.
    public let done: Int
    /// How much there is to do; nil while nobody knows.
    public let total: Int?
    /// When the last run began.
    public let startedAt: Date?
    /// When it ended.
    public let finishedAt: Date?
    /// What went wrong last, and what to do about it.
    public let lastError: String?
    /// When the next run begins by itself; nil for never.
    public let nextRunAt: Date?
    /// For catch-up: everything that changed before this instant has been looked at.
    public let watermark: Date?
    /// For catch-up: since when runs follow each other without a gap, so that hooks were not lost for our own absence.
    public let watchedSince: Date?
    /// For catch-up: what the run under way has found so far.
    public let findings: CatchUp.Findings

    /// Reads a row of `syncs`.
    public init(row: Row) throws {
        id = try row["id"]
        organization = try row["organization_id"]
        kind = try row["kind"]
        psa = try row["psa_connection_id"]
        chat = try row["chat_connection_id"]
        run = try row["run"]
        state = try row["state"]
        let boards: String = try row["boards"]
        self.boards = boards.splitBytes(on: ",").map { Board.ID(String($0)) }
        position = try row["position"]
        done = try row["done"]
        total = try row["total"]
        startedAt = try row["started_at"]
        finishedAt = try row["finished_at"]
        lastError = try row["last_error"]
        nextRunAt = try row["next_run_at"]
        watermark = try row["watermark"]
        watchedSince = try row["watched_since"]
        findings = CatchUp.Findings(newest: try row["newest"], missed: try row["missed"])
    }
}

/// How often each kind of sync runs by itself.
public struct SyncSchedule: Sendable, Equatable {
    /// The pause between the beginnings of two runs; a kind that is missing never runs by itself.
    public var intervals: [Sync.Kind: Duration]

    /// Boards, recipients and callbacks daily, tickets weekly, catch-up every five minutes.
    public static let standard = SyncSchedule([
        .boards: .seconds(86_400), .recipients: .seconds(86_400), .tickets: .seconds(7 * 86_400),
        .catchUp: .seconds(300), .callbacks: .seconds(86_400),
    ])

    /// A schedule of its own.
    public init(_ intervals: [Sync.Kind: Duration]) {
        self.intervals = intervals
    }

    /// When a kind runs again that ended now.
    func next(_ kind: Sync.Kind, after instant: Date) -> Date? {
        intervals[kind].map { instant.addingTimeInterval(Double($0.components.seconds)) }
    }
}

import API
import Accounts
import BoundaryText
import Database
import Foundation
import Ticketing

/// Tells a recipient about the tickets of a board.
public struct Rule: Sendable, Equatable, RowDecodable {
    /// See ``API/Rules``.
    public typealias ID = Rules.ID
    /// See ``API/Rules``.
    public typealias Updates = Rules.Updates
    /// See ``API/Rules``.
    public typealias Visibility = Rules.Visibility

    /// The key.
    public let id: ID
    /// The board.
    public let board: Board.ID
    /// Its name in the mirror; nil when it is not there.
    public let boardName: String?
    /// Who is notified.
    public let recipient: Recipient.ID
    /// The recipient's name.
    public let recipientName: String
    /// Room or person.
    public let recipientKind: Recipient.Kind
    /// Whether the rule applies.
    public let isEnabled: Bool
    /// Whether it is decided and recorded, but nothing is sent.
    public let simulates: Bool
    /// Which changes after the creation.
    public let updates: Updates
    /// Whose notes.
    public let visibility: Visibility
    /// Whether updates go under the room's first message about the ticket.
    public let threadsUpdates: Bool
    /// When it was made.
    public let createdAt: Date

    /// Reads a row of ``RuleStore/selection``.
    public init(row: Row) throws {
        id = try row["id"]
        board = try row["board_id"]
        boardName = try row["board_name"]
        recipient = try row["recipient_id"]
        recipientName = try row["recipient_name"]
        recipientKind = try row["recipient_kind"]
        isEnabled = try row["enabled"]
        simulates = try row["simulate"]
        updates = try row["updates"]
        visibility = try row["visibility"]
        threadsUpdates = try row["thread_updates"]
        createdAt = try row["created_at"]
    }

    /// Whether the rule's recipient is notified of an event. Pure.
    func applies(to event: TicketEvent) -> Bool {
        guard isEnabled else { return false }
        switch event.kind {
        case .created: return true
        case .noteAdded: return updates != .none && visibility.shows(event.details.note)
        case .assigned, .statusChanged, .reopened, .closed, .priorityChanged, .moved, .companyChanged, .deleted:
            return updates == .all
        }
    }
}

extension Rules.Updates: SQLConvertible, SQLDecodable {}

extension Rules.Visibility: SQLConvertible, SQLDecodable {
    /// Whether a note that comes with an event may be seen.
    func shows(_ note: TicketEvent.Details.Note?) -> Bool {
        switch self {
        case .all: true
        case .public: note?.isInternal == false
        case .internal: note?.isInternal == true
        }
    }
}

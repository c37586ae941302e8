import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Rules: which recipient is notified about which board's tickets.
public enum Rules {
    /// The type of a rule's key.
    public typealias ID = RowID<Rules>

    /// Which changes after a ticket's creation the recipient is notified about.
    public enum Updates: String, Sendable, CaseIterable, Codable {
        /// New tickets only.
        case none
        /// Notes as well.
        case notes
        /// All changes.
        case all
    }

    /// Which notes the recipient is notified about.
    public enum Visibility: String, Sendable, CaseIterable, Codable {
        case all
        /// Those that the customer can see.
        case `public`
        /// Those that the customer cannot see.
        case `internal`
    }

    /// A rule.
    public struct Answer: Codable, Sendable, Identifiable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, enabled, simulate, updates, visibility
            case board = "board_id"
            case boardName = "board_name"
            case recipient = "recipient_id"
            case recipientName = "recipient_name"
            case recipientKind = "recipient_kind"
            case threadUpdates = "thread_updates"
            case createdAt = "created_at"
        }

        public var id: ID
        public var board: Boards.ID
        /// Nil for a board that ConnectWise has no longer.
        public var boardName: String?
        public var recipient: Recipients.ID
        public var recipientName: String
        public var recipientKind: Open<Recipients.Kind>
        public var enabled: Bool
        /// Whether it is decided and recorded, but nothing is sent.
        public var simulate: Bool
        public var updates: Open<Updates>
        public var visibility: Open<Visibility>
        /// Whether updates go under the first message about the ticket.
        public var threadUpdates: Bool
        public var createdAt: Date

        public init(
            id: ID, board: Boards.ID, boardName: String?, recipient: Recipients.ID, recipientName: String,
            recipientKind: Recipients.Kind, enabled: Bool, simulate: Bool, updates: Updates, visibility: Visibility,
            threadUpdates: Bool, createdAt: Date
        ) {
            self.id = id
            self.board = board
            self.boardName = boardName
            self.recipient = recipient
            self.recipientName = recipientName
            self.recipientKind = .known(recipientKind)
            self.enabled = enabled
            self.simulate = simulate
            self.updates = .known(updates)
            self.visibility = .known(visibility)
            self.threadUpdates = threadUpdates
            self.createdAt = createdAt
        }
    }

    /// What creating one takes. What is missing is enabled, not simulated, new tickets only, all notes, no threads.
    public struct New: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case enabled, simulate, updates, visibility
            case board = "board_id"
            case recipient = "recipient_id"
            case threadUpdates = "thread_updates"
        }

        public let board: Boards.ID
        public let recipient: Recipients.ID
        public let enabled: Bool?
        public let simulate: Bool?
        public let updates: String?
        public let visibility: String?
        public let threadUpdates: Bool?
    }

    /// What changing one takes; what is missing stays.
    public struct Change: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case enabled, simulate, updates, visibility
            case threadUpdates = "thread_updates"
        }

        public let enabled: Bool?
        public let simulate: Bool?
        public let updates: String?
        public let visibility: String?
        public let threadUpdates: Bool?
    }

    /// What a list can be narrowed with.
    public enum Filter: String, QueryName {
        case board = "board_id"
        case recipient = "recipient_id"

        public var parameter: Parameter {
            switch self {
            case .board: Parameter(.text, "rules for this board")
            case .recipient: Parameter(.integer, "rules for this recipient")
            }
        }
    }

    public static let list = Operation(
        "listRules", .get, "/rules", also: ["/notifiers/rules"], .viewer, .rules, "List rules", query: Filter.self,
        gives: Page<Answer>.self)
    public static let create = Operation(
        "createRule", .post, "/rules", also: ["/notifiers/rules"], .dispatcher, .rules, "Create a rule",
        takes: New.self, gives: Answer.self,
        success: .created)
    public static let show = Operation(
        "showRule", .get, "/rules/{id}", also: ["/notifiers/rules/{id}"], .viewer, .rules, "Show a rule", at: ID.self,
        gives: Answer.self)
    public static let update = Operation(
        "updateRule", .patch, "/rules/{id}", also: ["/notifiers/rules/{id}"], .dispatcher, .rules, "Update a rule",
        at: ID.self,
        takes: Change.self, gives: Answer.self)
    public static let delete = Operation(
        "deleteRule", .delete, "/rules/{id}", also: ["/notifiers/rules/{id}"], .dispatcher, .rules, "Delete a rule",
        at: ID.self)
}

import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Boards, as last read from the PSA.
public enum Boards {
    /// The type of a board's id.
    public typealias ID = ExternalID<Boards>

    /// A board.
    public struct Answer: Codable, Sendable, Identifiable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, name, inactive, deleted, statuses
        }

        public var id: ID
        public var name: String
        /// Whether it is inactive in the PSA.
        public var inactive: Bool
        /// Whether the PSA no longer has it.
        public var deleted: Bool
        /// Only where one board is shown.
        public var statuses: [Status]?

        public init(id: ID, name: String, inactive: Bool, deleted: Bool, statuses: [Status]?) {
            self.id = id
            self.name = name
            self.inactive = inactive
            self.deleted = deleted
            self.statuses = statuses
        }
    }

    /// A status of a board.
    public struct Status: Codable, Sendable, Identifiable {
        /// The type of a status's id.
        public typealias ID = ExternalID<Status>

        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, name, closed, inactive
        }

        public var id: ID
        public var name: String
        /// Whether tickets in it are closed.
        public var closed: Bool
        public var inactive: Bool

        public init(id: ID, name: String, closed: Bool, inactive: Bool) {
            self.id = id
            self.name = name
            self.closed = closed
            self.inactive = inactive
        }
    }

    /// What a list can be narrowed with.
    public enum Filter: String, QueryName {
        case connection = "connection_id"

        public var parameter: Parameter {
            switch self {
            case .connection: Parameter(.integer, "boards of this PSA connection")
            }
        }
    }

    public static let list = Operation(
        "listBoards", .get, "/boards", also: ["/cw/boards"], .viewer, .boards, "List boards", query: Filter.self,
        gives: Page<Answer>.self)
    public static let show = Operation(
        "showBoard", .get, "/boards/{id}", also: ["/cw/boards/{id}"], .viewer, .boards, "Show a board", at: ID.self,
        query: Filter.self,
        gives: Answer.self)
}

/// Members, as last read from the PSA: who works there on tickets.
public enum Members {
    /// The type of a member's id.
    public typealias ID = ExternalID<Members>

    /// A member.
    public struct Answer: Codable, Sendable, Identifiable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, identifier, name, email, inactive
        }

        public var id: ID
        /// The login name.
        public var identifier: String
        public var name: String
        public var email: String?
        public var inactive: Bool

        public init(id: ID, identifier: String, name: String, email: String?, inactive: Bool) {
            self.id = id
            self.identifier = identifier
            self.name = name
            self.email = email
            self.inactive = inactive
        }
    }

    public static let list = Operation(
        "listMembers", .get, "/members", also: ["/cw/members"], .viewer, .members, "List members",
        gives: Page<Answer>.self)
}

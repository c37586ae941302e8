import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Recipients: rooms and people that can be notified.
public enum Recipients {
    /// The type of a recipient's key.
    public typealias ID = RowID<Recipients>

    /// What a recipient is.
    public enum Kind: String, Sendable, CaseIterable, Codable {
        case room
        case person
    }

    /// A recipient.
    public struct Answer: Codable, Sendable, Identifiable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, kind, name, email, active
            case connection = "connection_id"
            case roomID = "room_id"
        }

        public var id: ID
        public var kind: Open<Kind>
        public var name: String
        /// Only people have one.
        public var email: String?
        /// Only rooms have one.
        public var roomID: String?
        /// Whether the chat system still lists it.
        public var active: Bool
        public var connection: ChatConnections.ID

        public init(
            id: ID, kind: Kind, name: String, email: String?, roomID: String?, active: Bool,
            connection: ChatConnections.ID
        ) {
            self.id = id
            self.kind = .known(kind)
            self.name = name
            self.email = email
            self.roomID = roomID
            self.active = active
            self.connection = connection
        }
    }

    /// What creating one takes: a person. Rooms come from the chat system.
    public struct New: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case email, name
            case connection = "connection_id"
        }

        public static let lengths = ["email": EmailAddress.mostBytes, "name": 100]

        public let email: String
        /// The chat system's own when left out.
        public let name: String?
        /// The first one when left out.
        public let connection: ChatConnections.ID?
    }

    /// What a list can be narrowed with.
    public enum Filter: String, QueryName {
        case kind
        case search

        public var parameter: Parameter {
            switch self {
            case .kind: Parameter(.oneOf(Kind.allCases.map(\.rawValue)), "only rooms or only people")
            case .search: Parameter(.text, "a part of name or address")
            }
        }
    }

    public static let list = Operation(
        "listRecipients", .get, "/recipients", also: ["/webex/rooms"], .viewer, .recipients, "List recipients",
        query: Filter.self,
        gives: Page<Answer>.self)
    public static let create = Operation(
        "createRecipient", .post, "/recipients", also: ["/webex/rooms"], .dispatcher, .recipients, "Create a recipient",
        takes: New.self,
        gives: Answer.self, success: .created)
    public static let show = Operation(
        "showRecipient", .get, "/recipients/{id}", also: ["/webex/rooms/{id}"], .viewer, .recipients,
        "Show a recipient", at: ID.self,
        gives: Answer.self)
}

/// Connections to chat systems.
public enum ChatConnections {
    /// The type of a connection's key.
    public typealias ID = RowID<ChatConnections>
}

import API
import BoundaryText
import Database
import Foundation

/// A chat room or person that can be notified.
public struct Recipient: Sendable, Equatable, RowDecodable {
    /// The type of a recipient's key.
    public typealias ID = Recipients.ID

    /// See ``API/Recipients``.
    public typealias Kind = Recipients.Kind

    /// The key.
    public let id: ID
    /// Through which bot it is reached.
    public let connection: ChatConnection.ID
    /// Room or person.
    public let kind: Kind
    /// The room's id, or the person's e-mail.
    public let address: String
    /// As people see it.
    public let name: String
    /// Whether it still exists there.
    public let isActive: Bool

    /// Reads a row of `recipients`.
    public init(row: Row) throws {
        id = try row["id"]
        connection = try row["connection_id"]
        kind = try row["kind"]
        address = try row["address"]
        name = try row["name"]
        isActive = try row["active"]
    }

    /// Where its messages go.
    var chatAddress: ChatAddress {
        switch kind {
        case .room: .room(address)
        case .person: .person(address)
        }
    }
}

extension Recipients.Kind: SQLConvertible, SQLDecodable {}

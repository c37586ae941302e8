import API
import BoundaryText
import Database
import Foundation

/// The MSP: owns users, connections and rules.
public struct Organization: Sendable, Equatable, RowDecodable {
    /// The type of an organization's key.
    public typealias ID = Organizations.ID

    /// The key.
    public let id: ID
    /// As people call it.
    public let name: String
    /// Whether nobody works here with a password alone.
    public let requiresSecondFactor: Bool
    /// When it was made.
    public let createdAt: Date

    /// Reads a row of `organizations`.
    public init(row: Row) throws {
        id = try row["id"]
        name = try row["name"]
        requiresSecondFactor = try row["requires_second_factor"]
        createdAt = try row["created_at"]
    }

    /// As people call it; nil when there is no such organization.
    static func name(of id: ID, in db: Connection) throws -> String? {
        try db.first("SELECT name FROM organizations WHERE id = \(id)")?["name"]
    }
}

extension Organization.ID {
    /// Stands for the installation in the audit log: what belongs to no organization, such as a sign-in with an unknown
    /// address. No organization has this number.
    public static var installation: Organization.ID { Organization.ID(Int64(0)) }
}

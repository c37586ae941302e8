import API
import BoundaryText
import Database
import Foundation

/// An organization: an MSP, which owns users, connections and rules.
public struct Organization: Sendable, Equatable, RowDecodable {
    /// The ID of an organization.
    public typealias ID = Organizations.ID

    /// The ID.
    public let id: ID
    /// The name.
    public let name: String
    /// Whether every user with a password needs a second factor.
    public let requiresSecondFactor: Bool
    /// When it was created.
    public let createdAt: Date

    /// Reads a row of `organizations`.
    public init(row: Row) throws {
        id = try row["id"]
        name = try row["name"]
        requiresSecondFactor = try row["requires_second_factor"]
        createdAt = try row["created_at"]
    }

    /// The name of an organization; nil if it does not exist.
    static func name(of id: ID, in db: Connection) throws -> String? {
        try db.first("SELECT name FROM organizations WHERE id = \(id)")?["name"]
    }
}

extension Organization.ID {
    /// Represents the installation in the audit log, for entries that belong to no organization, such as a sign-in with
    /// an unknown address. No organization has this ID.
    public static var installation: Organization.ID { Organization.ID(Int64(0)) }
}

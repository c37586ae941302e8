import Database
import Foundation

/// A person who signs in, or in whose name a program does.
public struct User: Sendable, Equatable, RowDecodable {
    /// The type of a user's key.
    public typealias ID = RowID<User>

    /// The key.
    public let id: ID
    /// The organization that the user belongs to.
    public let organization: Organization.ID
    /// As the person writes it; unique without case.
    public let email: String
    /// As shown to others.
    public let name: String
    /// What the user may do.
    public let role: Role
    /// Whether the user may sign in.
    public let isActive: Bool

    /// Reads a row of `users`.
    public init(row: Row) throws {
        id = try row["id"]
        organization = try row["organization_id"]
        email = try row["email"]
        name = try row["name"]
        role = try row["role"]
        isActive = try row["active"]
    }
}

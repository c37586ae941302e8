import API
import BoundaryText
import Database
import Foundation
import WebSupport

/// The first organization and its administrator.
public struct FirstAdministrator: Sendable {
    /// The administrator's e-mail address, also used to sign in.
    public let email: String
    /// The password; nil for an installation that is used only through API keys until a password is set.
    public let password: String?
    /// The name of the organization, the MSP.
    public let organization: String
    private let passwordCost: PasswordCost

    /// Describes the administrator to create.
    public init(email: String, password: String?, organization: String, passwordCost: PasswordCost = .standard) {
        self.email = email
        self.password = password
        self.organization = organization
        self.passwordCost = passwordCost
    }

    /// Creates the organization and its administrator, unless a super admin already exists.
    /// - Returns: The new administrator, or the oldest existing super admin.
    public func createIfMissing(in database: Database, now: Date) async throws -> (user: User, created: Bool) {
        guard email.utf8.count <= EmailAddress.mostBytes, organization.fits(scalars: 100) else {
            throw DatabaseError.statement("the administrator's e-mail or the organization's name is too long")
        }
        // Hash before the transaction, because it takes a quarter of a second.
        let hash = password.flatMap { Password.hash($0, cost: passwordCost) }
        let (email, organization) = (email, organization)
        return try await database.write { db in
            // Otherwise servers that start at the same time could each create one.
            try db.lock("first administrator")
            let present: SQL = "SELECT * FROM users WHERE role = \(Role.superAdmin) ORDER BY id LIMIT 1"
            if let user = try db.first(present, as: User.self) { return (user, false) }
            let id: Organization.ID? = try db.first(
                "INSERT INTO organizations (name, created_at) VALUES (\(organization), \(now)) RETURNING id")?["id"]
            guard let id else { throw DatabaseError.statement("a new organization has no id") }
            try db.execute(
                """
                INSERT INTO users (
                    organization_id, email, email_key, name, role, password_hash, must_change_password, created_at)
                VALUES (
                    \(id), \(email), \(email.lowercased()), \(email), \(Role.superAdmin), \(orNull: hash),
                    \(hash != nil), \(now))
                """)
            guard let user = try db.first(present, as: User.self) else {
                throw DatabaseError.statement("the new administrator is gone")
            }
            try AuditLog.record(
                "user.create", on: "user \(user.id)", by: .command, of: id, after: Users.Answer(user), now: now, in: db)
            return (user, true)
        }
    }
}

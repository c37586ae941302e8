import API
import BoundaryText
import Database
import Foundation

/// Users for a demonstration: one for each role, all with the same password, which is generated each time.
public struct DemoUsers: Sendable {
    /// A demo user.
    public struct Person: Sendable {
        /// The e-mail address to sign in with.
        public let email: String
        /// The role.
        public let role: Role
        let name: String
    }

    /// The users, in ascending order of roles.
    public let people: [Person]
    /// The password of all of them.
    public let password: String

    /// - Parameter domain: The domain of the e-mail addresses.
    public init(domain: String) {
        people = [
            Person(email: "viewer@\(domain)", role: .viewer, name: "Vera Nilsson"),
            Person(email: "engineer@\(domain)", role: .engineer, name: "Emil Sørensen"),
            Person(email: "dispatcher@\(domain)", role: .dispatcher, name: "Dora Iyer"),
            Person(email: "admin@\(domain)", role: .admin, name: "Ada Mensah"),
            Person(email: "owner@\(domain)", role: .owner, name: "Oskar Lindgren"),
            Person(email: "you@\(domain)", role: .superAdmin, name: "You"),
        ]
        password = RecoveryCode.make()[0]
    }

    /// Creates the users in the first organization, or sets the password of those that already exist.
    public func keep(in database: Database, now: Date) async throws {
        guard let hash = Password.hash(password) else { throw DatabaseError.statement("a password cannot be hashed") }
        let people = people
        try await database.write { db in
            for person in people {
                try db.execute(
                    """
                    INSERT INTO users (organization_id, email, email_key, name, role, password_hash, created_at)
                    SELECT MIN(id), \(person.email), \(person.email), \(person.name), \(person.role), \(hash), \(now)
                    FROM organizations WHERE true
                    ON CONFLICT (email_key) DO UPDATE SET password_hash = excluded.password_hash, name = excluded.name
                    """)
            }
        }
    }
}

import API
import BoundaryText
import Database
import Foundation

/// An account for each role, for a demonstration: all with one password that is made anew each time.
public struct DemoPeople: Sendable {
    /// Somebody who can be.
    public struct Person: Sendable {
        /// To sign in with.
        public let email: String
        /// What he may do.
        public let role: Role
        let name: String
    }

    /// One for each role, the smallest first.
    public let people: [Person]
    /// Everybody's.
    public let password: String

    /// - Parameter domain: of the e-mail addresses.
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

    /// Makes the accounts in the first organization, or gives those that are there the password.
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

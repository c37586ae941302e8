import API
import Accounts
import Database
import Foundation
import Server
import TestSupport

let accounts = Installation.migrations

extension Database {
    /// A user, with an organization of his own unless one is named.
    func user(
        _ email: String, _ role: Role, of organization: Organization.ID? = nil, active: Bool = true
    ) async throws -> (user: User.ID, organization: Organization.ID) {
        try await write { db in
            let own: Organization.ID =
                try organization
                ?? db.one("INSERT INTO organizations (name, created_at) VALUES ('MSP', 0) RETURNING id")
            let user: User.ID = try db.one(
                """
                INSERT INTO users (organization_id, email, email_key, name, role, active, created_at)
                VALUES (\(own), \(email), \(email.lowercased()), \(email), \(role), \(active), 0) RETURNING id
                """)
            return (user, own)
        }
    }

    func run(_ sql: SQL) async throws {
        try await write { try $0.execute(sql) }
    }

    func count(_ sql: SQL) async throws -> Int {
        try await read { try $0.one(sql) }
    }
}

import API
import Accounts
import Database
import Foundation
import ServerTestSupport
import Testing

/// Users who can sign in.
enum People {
    /// Every user's password.
    static let password = "corvid lantern oatmeal 7"
    // Computed once, because hashing takes a quarter of a second.
    fileprivate static let hash = Password.hash(password, cost: .least) ?? ""
}

extension RunningPatchbay {
    /// Creates a user with a password.
    /// - Parameter organization: the name of a new organization to create for the user; the first one if nil.
    /// - Returns: the user's e-mail address.
    func person(_ role: Role, organization: String? = nil) async throws -> String {
        let (email, instant) = ("\(role.rawValue)-\(UInt32.random(in: 0...UInt32.max))@example.org", Date())
        try await database.write { db in
            if let organization {
                try db.execute("INSERT INTO organizations (name, created_at) VALUES (\(organization), \(instant))")
            }
            let order: SQL = organization == nil ? "id" : "id DESC"
            try db.execute(
                """
                INSERT INTO users (organization_id, email, email_key, name, role, password_hash, created_at)
                SELECT id, \(email), \(email), \(email), \(role), \(People.hash), \(instant)
                FROM organizations ORDER BY \(order) LIMIT 1
                """)
        }
        return email
    }

    /// A browser in which a new user is signed in.
    func browser(_ role: Role, organization: String? = nil) async throws -> Browser {
        let browser = Browser(base: api.base)
        let reply = try await browser.signIn(try await person(role, organization: organization), People.password)
        #expect(reply.status == 303)
        #expect(reply.headers["location"] == "/")
        return browser
    }
}

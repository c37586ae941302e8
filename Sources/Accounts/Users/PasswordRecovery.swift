import API
import BoundaryText
import Database
import Foundation

/// Restores access for a user who is locked out. For operators of the installation.
public struct PasswordRecovery: Sendable {
    /// Why the recovery failed.
    public enum Refusal: Error, Sendable, Equatable, CustomStringConvertible {
        case nobody(String)
        case weak(String)

        /// The message for the terminal.
        public var description: String {
            switch self {
            case .nobody(let email): "no user has the e-mail address \(email)"
            case .weak(let objection): "the password \(objection)"
            }
        }
    }

    private let email: String
    private let password: String
    private let removesSecondFactor: Bool

    /// Creates a recovery.
    public init(email: String, password: String, removesSecondFactor: Bool) {
        self.email = email
        self.password = password
        self.removesSecondFactor = removesSecondFactor
    }

    /// Sets the password, activates the user, and ends all of the user's sign-ins.
    public func perform(in database: Database, now: Date) async throws {
        if let objection = Password.objection(to: password, of: email) { throw Refusal.weak(objection) }
        guard let hash = Password.hash(password) else { throw DatabaseError.statement("a password cannot be hashed") }
        let (key, removesSecondFactor) = (email.lowercased(), removesSecondFactor)
        let isKnown = try await database.write { db in
            let row = try db.first(
                """
                UPDATE users SET password_hash = \(hash), must_change_password = 0, active = 1, pending = 0,
                    version = version + 1 WHERE email_key = \(key) RETURNING id, organization_id
                """)
            guard let row else { return false }
            let (user, organization): (User.ID, Organization.ID) = (try row["id"], try row["organization_id"])
            if removesSecondFactor { try SecondFactor.remove(from: user, in: db) }
            try SignIns.endAll(of: user, in: db)
            try AuditLog.record(
                removesSecondFactor ? "user.reset_access" : "user.reset_password", on: "user \(user)", by: .command,
                of: organization, now: now, in: db)
            return true
        }
        guard isKnown else { throw Refusal.nobody(email) }
    }
}

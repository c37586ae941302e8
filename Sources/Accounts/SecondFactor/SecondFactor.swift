import API
import BoundaryText
import Database
import Foundation
import Sealing

/// Sets up, verifies and removes users' second factors.
public struct SecondFactor: Sendable {
    private static let issuer = "Patchbay"

    private let database: Database
    private let sealer: Sealer
    private let now: @Sendable () -> Date

    /// - Parameter now: The wall clock.
    public init(database: Database, sealer: Sealer, now: @escaping @Sendable () -> Date = { Date() }) {
        self.database = database
        self.sealer = sealer
        self.now = now
    }

    /// A secret whose setup is not confirmed yet.
    public struct Offer: Sendable {
        /// The secret as text, for manual entry.
        public let secret: String
        /// The URI for the QR code.
        public let uri: String
    }

    static func identity(_ user: User.ID) -> String { "user/\(user)/totp" }

    /// A new secret for a user, or the existing unconfirmed one.
    /// - Returns: Nil if the user already has a second factor.
    public func offer(to user: User.ID, email: String) async throws -> Offer? {
        let row = try await database.read { db in
            try db.first("SELECT totp_secret, totp_confirmed_at FROM users WHERE id = \(user)")
        }
        guard let row else { return nil }
        let confirmed: Date? = try row["totp_confirmed_at"]
        guard confirmed == nil else { return nil }
        var secret = TOTP.randomSecret()
        let waiting: String? = try row["totp_secret"]
        if let waiting, let open = try? sealer.open(waiting, for: Self.identity(user)), let bytes = Base32.bytes(open) {
            secret = bytes
        } else {
            let sealed = try sealer.seal(Base32.text(secret), for: Self.identity(user))
            try await database.write { db in
                try db.execute(
                    "UPDATE users SET totp_secret = \(sealed), totp_last_step = 0 WHERE id = \(user) AND totp_confirmed_at IS NULL"
                )
            }
        }
        return Offer(
            secret: Base32.text(secret), uri: TOTP.uri(secret, account: email, issuer: Self.issuer))
    }

    /// Enables the second factor if the code proves that the app has the secret.
    /// - Returns: The recovery codes, which cannot be shown again; nil if the code is wrong.
    public func confirm(_ code: String, by actor: Actor, of principal: Principal) async throws -> [String]? {
        let user = principal.user
        guard try await accept(Self.bare(code), of: user, confirmed: false) else { return nil }
        let (codes, instant) = (RecoveryCode.make(), now())
        return try await database.write { db -> [String]? in
            let changed = try db.execute(
                "UPDATE users SET totp_confirmed_at = \(instant) WHERE id = \(user) AND totp_confirmed_at IS NULL")
            guard changed == 1 else { return nil }
            try Self.replaceRecoveryCodes(of: user, by: codes, in: db)
            try AuditLog.record(
                "second_factor.enable", on: "user \(user)", by: actor, of: principal.home, now: instant, in: db)
            return codes
        }
    }

    /// Replaces the recovery codes. Called through ``PasswordSignIn/renewRecoveryCodes(for:in:visitor:)``.
    func renewRecoveryCodes(by actor: Actor, of principal: Principal) async throws -> [String] {
        let (codes, instant) = (RecoveryCode.make(), now())
        try await database.write { db in
            try Self.replaceRecoveryCodes(of: principal.user, by: codes, in: db)
            try AuditLog.record(
                "second_factor.renew_recovery_codes", on: "user \(principal.user)", by: actor, of: principal.home,
                now: instant, in: db)
        }
        return codes
    }

    private static func replaceRecoveryCodes(of user: User.ID, by codes: [String], in db: Connection) throws {
        try db.execute("DELETE FROM recovery_codes WHERE user_id = \(user)")
        for code in codes {
            try db.execute(
                "INSERT INTO recovery_codes (user_id, code_hash) VALUES (\(user), \(RecoveryCode.hash(code)))")
        }
    }

    /// The number of recovery codes a user has left.
    public func recoveryCodesLeft(of user: User.ID) async throws -> Int {
        try await database.read { db in
            try db.first("SELECT COUNT(*) AS n FROM recovery_codes WHERE user_id = \(user)")?["n"] ?? 0
        }
    }

    /// Removes the second factor, in the caller's transaction.
    static func remove(from user: User.ID, in db: Connection) throws {
        try db.execute(
            "UPDATE users SET totp_secret = NULL, totp_confirmed_at = NULL, totp_last_step = 0 WHERE id = \(user)")
        try db.execute("DELETE FROM recovery_codes WHERE user_id = \(user)")
    }

    /// How a user proved the second factor.
    enum Proof: Sendable {
        case code
        case recoveryCode(left: Int)
    }

    /// Verifies a code or a recovery code; each is accepted once.
    func prove(_ text: String, by user: User.ID) async throws -> Proof? {
        let bare = Self.bare(text)
        if bare.utf8.count == TOTP.digits, bare.utf8.allSatisfy(\.isDigit) {
            return try await accept(bare, of: user, confirmed: true) ? .code : nil
        }
        let hash = RecoveryCode.hash(text)
        return try await database.write { db -> Proof? in
            guard
                try db.execute("DELETE FROM recovery_codes WHERE user_id = \(user) AND code_hash = \(hash)") == 1
            else { return nil }
            let left: Int? = try db.first("SELECT COUNT(*) AS n FROM recovery_codes WHERE user_id = \(user)")?["n"]
            return .recoveryCode(left: left ?? 0)
        }
    }

    /// A code without the spaces that apps display.
    private static func bare(_ code: String) -> String {
        code.words.joined()
    }

    private func accept(_ code: String, of user: User.ID, confirmed: Bool) async throws -> Bool {
        let row = try await database.read { db in
            try db.first("SELECT totp_secret, totp_confirmed_at, totp_last_step FROM users WHERE id = \(user)")
        }
        guard let row, let sealed: String = try row["totp_secret"] else { return false }
        let confirmedAt: Date? = try row["totp_confirmed_at"]
        guard (confirmedAt != nil) == confirmed else { return false }
        let opened: String
        do {
            opened = try sealer.open(sealed, for: Self.identity(user))
        } catch {
            // An unconfirmed secret is simply replaced.
            guard confirmed else { return false }
            throw PasswordSignIn.Refusal.secondFactorLost
        }
        guard let secret = Base32.bytes(opened),
            let step = TOTP.step(matching: code, secret, at: now(), after: try row["totp_last_step"])
        else { return false }
        // Of two concurrent requests with the same code, only the first updates the step.
        return try await database.write { db in
            try db.execute("UPDATE users SET totp_last_step = \(step) WHERE id = \(user) AND totp_last_step < \(step)")
                == 1
        }
    }
}

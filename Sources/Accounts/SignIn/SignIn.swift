import BoundaryText
import Database
import Foundation

/// The way in with a password, and with a code where there is a second factor.
public struct SignIn: Sendable {
    /// Why somebody is not let in. Says nothing about which accounts there are.
    public enum Refusal: Error, Sendable, Equatable {
        /// The e-mail or the password is wrong, or the account may not sign in.
        case wrongCredentials
        /// The code is wrong, or was used before.
        case wrongCode
        /// Too many failures; try again then.
        case wait(Duration)
        /// Too many people sign in at this moment.
        case busy
        /// No code can be checked, because the installation's secret that sealed the second factor is lost.
        case secondFactorLost
    }

    private let database: Database
    private let desk: PasswordDesk
    private let secondFactor: SecondFactor
    private let now: @Sendable () -> Date

    /// - Parameter now: the wall clock.
    public init(
        database: Database, desk: PasswordDesk, secondFactor: SecondFactor,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.database = database
        self.desk = desk
        self.secondFactor = secondFactor
        self.now = now
    }

    /// Checks a password.
    /// - Parameter previous: the browser's session so far, which ends; so nobody can plant one.
    /// - Returns: the new session's token; the session may have to prove the second factor first.
    public func withPassword(
        email: String, password: String, from visitor: Visitor, replacing previous: SessionToken?
    ) async throws -> SessionToken {
        let key = email.trimmingCharacters(in: .whitespaces).lowercased()
        let address = visitor.address ?? "unknown"
        let subjects: [Throttle.Subject] = [.accountFrom(key, address: address), .address(address), .account(key)]
        let found: (wait: Double, user: Row?) = try await database.read { [now] db in
            (
                try Throttle.wait(for: subjects, now: now(), in: db),
                try db.first(
                    """
                    SELECT id, organization_id, email, password_hash, active, totp_confirmed_at FROM users
                    WHERE email_key = \(key)
                    """)
            )
        }
        let actor = Actor(user: try found.user?["id"], name: key, means: "sign-in", address: visitor.address)
        // Nobody belongs to the installation itself; its record takes what belongs to no organization.
        let organization: Organization.ID = try found.user?["organization_id"] ?? .installation
        guard found.wait <= 0 else {
            // Not on record: the failures before it are, and whoever goes on asking must not fill the disk.
            throw Refusal.wait(.seconds(found.wait.rounded(.up)))
        }
        let hash: String? = try found.user?["password_hash"]
        // An unknown account costs as much time as a known one.
        let isRight = try await desk.verify(password, against: hash ?? Self.nobodysHash)
        let instant = now()
        guard let row = found.user, hash != nil, isRight, try row["active"] == true else {
            try await database.write { db in
                try Throttle.failed(subjects, now: instant, in: db)
                try AuditLog.record(
                    "session.sign_in", on: "user \(key)", by: actor, of: organization, result: .refused, now: instant,
                    in: db)
            }
            throw Refusal.wrongCredentials
        }
        let user: User.ID = try row["id"]
        let confirmed: Date? = try row["totp_confirmed_at"]
        return try await database.write { db in
            try Throttle.succeeded([subjects[0]], in: db)
            if let previous { try db.execute("DELETE FROM sessions WHERE token_hash = \(previous.hash)") }
            if confirmed == nil { try Self.noteSignIn(user, actor, organization, now: instant, in: db) }
            return try Sessions.begin(
                for: user, means: .password, awaitsCode: confirmed != nil, from: visitor, now: instant, in: db)
        }
    }

    /// Checks the code of a session that waits for it.
    /// - Returns: the token of a session that replaces it, and how many recovery codes are left if one was used.
    public func withCode(
        _ text: String, in live: LiveSession, _ token: SessionToken, from visitor: Visitor
    ) async throws -> (token: SessionToken, recoveryCodesLeft: Int?) {
        let subject = Throttle.Subject.code(live.user)
        let wait = try await database.read { [now] in try Throttle.wait(for: [subject], now: now(), in: $0) }
        guard wait <= 0 else { throw Refusal.wait(.seconds(wait.rounded(.up))) }
        let actor = Actor(user: live.user, name: live.email, means: "sign-in", address: visitor.address)
        let proof = try await secondFactor.prove(text, by: live.user)
        let instant = now()
        guard let proof else {
            try await database.write { db in
                try Throttle.failed([subject], now: instant, in: db)
                try AuditLog.record(
                    "session.code", on: "user \(live.user)", by: actor, of: live.home, result: .refused, now: instant,
                    in: db)
            }
            throw Refusal.wrongCode
        }
        let left: Int? = if case .recoveryCode(let left) = proof { left } else { nil }
        let next = try await database.write { db -> SessionToken in
            try Throttle.succeeded([subject], in: db)
            try db.execute("DELETE FROM sessions WHERE token_hash = \(token.hash)")
            if left != nil {
                try AuditLog.record(
                    "second_factor.use_recovery_code", on: "user \(live.user)", by: actor, of: live.home, now: instant,
                    in: db)
            }
            try Self.noteSignIn(live.user, actor, live.home, now: instant, in: db)
            return try Sessions.begin(
                for: live.user, means: live.means, awaitsCode: false, from: visitor, now: instant, in: db)
        }
        return (next, left)
    }

    /// Ends the session of a cookie.
    public func out(_ live: LiveSession, from visitor: Visitor) async throws {
        let instant = now()
        let actor = Actor(user: live.user, name: live.email, means: "session", address: visitor.address)
        try await database.write { db in
            try db.execute("DELETE FROM sessions WHERE id = \(live.id)")
            try AuditLog.record(
                "session.sign_out", on: "user \(live.user)", by: actor, of: live.home, now: instant, in: db)
        }
    }

    /// Gives a person another password. All other sessions end, and this one goes on under a new token.
    /// - Throws: a refusal when the present password is wrong; ``PasswordObjection`` when the new one is not accepted.
    public func changePassword(
        from present: String, to new: String, in live: LiveSession, visitor: Visitor
    ) async throws -> SessionToken {
        let subject = Throttle.Subject.code(live.user)
        let found: (wait: Double, hash: String?) = try await database.read { [now] db in
            (
                try Throttle.wait(for: [subject], now: now(), in: db),
                try db.first("SELECT password_hash FROM users WHERE id = \(live.user)")?["password_hash"]
            )
        }
        guard found.wait <= 0 else { throw Refusal.wait(.seconds(found.wait.rounded(.up))) }
        if let objection = Password.objection(to: new, of: live.email) { throw PasswordObjection(reason: objection) }
        guard new != present else { throw PasswordObjection(reason: "must differ from the present one") }
        let isRight = try await desk.verify(present, against: found.hash ?? Self.nobodysHash)
        let instant = now()
        let actor = Actor(user: live.user, name: live.email, means: "session", address: visitor.address)
        guard found.hash != nil, isRight else {
            try await database.write { db in
                try Throttle.failed([subject], now: instant, in: db)
                try AuditLog.record(
                    "user.change_password", on: "user \(live.user)", by: actor, of: live.home, result: .refused,
                    now: instant, in: db)
            }
            throw Refusal.wrongCredentials
        }
        let hash = try await desk.hash(new)
        return try await database.write { db in
            try db.execute(
                """
                UPDATE users SET password_hash = \(hash), must_change_password = 0, version = version + 1
                WHERE id = \(live.user)
                """)
            try Sessions.endAll(of: live.user, in: db)
            try AuditLog.record(
                "user.change_password", on: "user \(live.user)", by: actor, of: live.home, now: instant, in: db)
            return try Sessions.begin(
                for: live.user, means: .password, awaitsCode: false, from: visitor, now: instant, in: db)
        }
    }

    /// Gives a person other recovery codes, for the password: a session that somebody left open is not enough.
    /// - Throws: a refusal when the password is wrong.
    public func renewRecoveryCodes(
        for password: String, in live: LiveSession, visitor: Visitor
    ) async throws -> [String] {
        let subject = Throttle.Subject.code(live.user)
        let found: (wait: Double, hash: String?) = try await database.read { [now] db in
            (
                try Throttle.wait(for: [subject], now: now(), in: db),
                try db.first("SELECT password_hash FROM users WHERE id = \(live.user)")?["password_hash"]
            )
        }
        guard found.wait <= 0 else { throw Refusal.wait(.seconds(found.wait.rounded(.up))) }
        let actor = Actor(user: live.user, name: live.email, means: "session", address: visitor.address)
        guard try await desk.verify(password, against: found.hash ?? Self.nobodysHash), found.hash != nil else {
            let instant = now()
            try await database.write { db in
                try Throttle.failed([subject], now: instant, in: db)
                try AuditLog.record(
                    "second_factor.new_recovery_codes", on: "user \(live.user)", by: actor, of: live.home,
                    result: .refused, now: instant, in: db)
            }
            throw Refusal.wrongCredentials
        }
        return try await secondFactor.renewRecoveryCodes(by: actor, of: live.principal)
    }

    static func noteSignIn(
        _ user: User.ID, _ actor: Actor, _ organization: Organization.ID, now: Date, in db: Connection
    ) throws {
        try db.execute("UPDATE users SET last_sign_in_at = \(now) WHERE id = \(user)")
        try AuditLog.record("session.sign_in", on: "user \(user)", by: actor, of: organization, now: now, in: db)
    }

    // A salt without a hash: checking against it costs as much as against a hash, and never succeeds.
    private static let nobodysHash = Password.settingOfNobody
}

/// Why a password is not accepted.
public struct PasswordObjection: Error, Sendable, Equatable {
    /// For people, after the words "the password".
    public let reason: String
}

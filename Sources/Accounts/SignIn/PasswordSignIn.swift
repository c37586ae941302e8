import API
import BoundaryText
import Database
import Foundation
import Sealing
import WebSupport

/// Sign-in with a password, and with a code if the user has a second factor.
public struct PasswordSignIn: Sendable {
    /// Why a sign-in is refused. Does not reveal which users exist.
    public enum Refusal: Error, Sendable, Equatable {
        /// The e-mail or the password is wrong, or the user cannot sign in.
        case wrongCredentials
        /// The code is wrong or was already used.
        case wrongCode
        /// Too many failures; try again after this time.
        case wait(Duration)
        /// Too many concurrent sign-ins.
        case busy
        /// The code cannot be verified, because the secret that sealed the second factor is lost.
        case secondFactorLost
    }

    private let database: Database
    private let hashing: PasswordHashing
    private let secondFactor: SecondFactor
    private let browsers: KnownBrowsers
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - sealer: Seals the notes that identify known browsers.
    ///   - now: The wall clock.
    public init(
        database: Database, hashing: PasswordHashing, secondFactor: SecondFactor, sealer: Sealer,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.database = database
        self.hashing = hashing
        self.secondFactor = secondFactor
        self.now = now
        browsers = KnownBrowsers(sealer: sealer)
    }

    /// Enough for an authenticator's six digits, or a recovery code however it is typed.
    private static let longestCode = 64

    /// Normalizes an e-mail address for lookup.
    private static func account(_ email: String) -> String {
        email.trimmingCharacters(in: .whitespaces).lowercased()
    }

    /// A note for the browser to keep, so that it is recognized when this account signs in again: ``Visitor/browser``.
    public func browserNote(for email: String) -> String? {
        browsers.note(for: Self.account(email), now: now())
    }

    /// Verifies a password.
    /// - Parameter previous: The browser's current sign-in, which ends to prevent session fixation.
    /// - Returns: The token of the new sign-in, which may still require the second factor.
    public func withPassword(
        email: String, password: String, from visitor: Visitor, replacing previous: SignInToken?
    ) async throws -> SignInToken {
        let account = Self.account(email)
        // Check this first: no user has longer values, and they must be neither stored nor counted. Databases drop a
        // NUL, so with one we and the database would see different names.
        guard account.utf8.count <= EmailAddress.mostBytes, !account.unicodeScalars.contains(where: \.isControl),
            password.utf8.count <= Password.mostBytes
        else {
            throw Refusal.wrongCredentials
        }
        let isKnown = browsers.know(visitor.browser, as: account, now: now())
        return try await hashing.withPlace(for: isKnown ? .known : .stranger(network: visitor.network)) { place in
            let entry = try await beginEntry(of: account, from: visitor)
            // Verifying takes as long for an unknown account as for a known one.
            let isRight = try await counted(entry.attempt) {
                try await place.verify(password, against: entry.hash)
            }
            guard isRight, entry.hash != nil, entry.isActive, let user = entry.actor.user else {
                try await refuse("sign_in.create", on: "user \(account)", entry.actor, entry.organization)
                throw Refusal.wrongCredentials
            }
            let instant = now()
            return try await database.write { db in
                try Throttle.giveBack(
                    entry.attempt, proved: .accountFrom(account, address: visitor.network), in: db)
                if let previous { try db.execute("DELETE FROM sign_ins WHERE token_hash = \(previous.hash)") }
                if !entry.hasSecondFactor {
                    try Self.noteSignIn(user, entry.actor, entry.organization, now: instant, in: db)
                }
                return try SignIns.begin(
                    for: user, method: .password, awaitsCode: entry.hasSecondFactor, from: visitor, now: instant, in: db
                )
            }
        }
    }

    /// A counted sign-in attempt, with what is known about the account.
    private struct Entry: Sendable {
        let attempt: Throttle.Attempt
        let actor: Actor
        let organization: Organization.ID
        let hash: String?
        let isActive: Bool
        let hasSecondFactor: Bool
    }

    private func beginEntry(of account: String, from visitor: Visitor) async throws -> Entry {
        let (instant, network) = (now(), visitor.network)
        return try await database.write { db in
            // Waiting attempts are not logged: the failures before them are, and repeated attempts must not fill the
            // disk.
            let attempt = try Throttle.take(
                [.accountFrom(account, address: network), .address(network), .account(account)], now: instant, in: db)
            let user = try db.first(
                """
                SELECT id, organization_id, password_hash, active, totp_confirmed_at FROM users
                WHERE email_key = \(account)
                """)
            let confirmed: Date? = try user?["totp_confirmed_at"]
            return Entry(
                attempt: attempt,
                actor: Actor(user: try user?["id"], name: account, authMethod: "sign_in", address: visitor.address),
                // Attempts on unknown accounts go to the installation's audit log.
                organization: try user?["organization_id"] ?? .installation, hash: try user?["password_hash"],
                isActive: try user?["active"] ?? false, hasSecondFactor: confirmed != nil)
        }
    }

    /// Performs a counted attempt. If it throws, the attempt is not counted.
    private func counted<Value: Sendable>(
        _ attempt: Throttle.Attempt, _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch {
            try? await database.write { try Throttle.giveBack(attempt, in: $0) }
            throw error
        }
    }

    private func refuse(
        _ action: String, on target: String, _ actor: Actor, _ organization: Organization.ID
    ) async throws {
        let instant = now()
        try await database.write { db in
            try AuditLog.record(
                action, on: target, by: actor, of: organization, result: .refused, now: instant, in: db)
        }
    }

    /// Counts an attempt by a signed-in user to prove something.
    private func takeProof(of user: User.ID) async throws -> Throttle.Attempt {
        let instant = now()
        return try await database.write { try Throttle.take([.code(user)], now: instant, in: $0) }
    }

    /// Verifies the code for a sign-in that requires one.
    /// - Returns: The token of the sign-in that replaces it, and the number of recovery codes left if one was used.
    public func withCode(
        _ text: String, in live: LiveSignIn, _ token: SignInToken, from visitor: Visitor
    ) async throws -> (token: SignInToken, recoveryCodesLeft: Int?) {
        guard text.utf8.count <= Self.longestCode else { throw Refusal.wrongCode }
        let actor = Actor(user: live.user, name: live.email, authMethod: "sign_in", address: visitor.address)
        let attempt = try await takeProof(of: live.user)
        let proof = try await counted(attempt) { try await secondFactor.prove(text, by: live.user) }
        guard let proof else {
            try await refuse("sign_in.second_factor", on: "user \(live.user)", actor, live.home)
            throw Refusal.wrongCode
        }
        let left: Int? = if case .recoveryCode(let left) = proof { left } else { nil }
        let instant = now()
        let next = try await database.write { db -> SignInToken in
            try Throttle.giveBack(attempt, proved: .code(live.user), in: db)
            try db.execute("DELETE FROM sign_ins WHERE token_hash = \(token.hash)")
            if left != nil {
                try AuditLog.record(
                    "second_factor.use_recovery_code", on: "user \(live.user)", by: actor, of: live.home, now: instant,
                    in: db)
            }
            try Self.noteSignIn(live.user, actor, live.home, now: instant, in: db)
            return try SignIns.begin(
                for: live.user, method: live.method, awaitsCode: false, from: visitor, now: instant, in: db)
        }
        return (next, left)
    }

    /// Ends a sign-in.
    public func out(_ live: LiveSignIn, from visitor: Visitor) async throws {
        let instant = now()
        let actor = Actor(user: live.user, name: live.email, authMethod: "sign_in", address: visitor.address)
        try await database.write { db in
            try db.execute("DELETE FROM sign_ins WHERE id = \(live.id)")
            try AuditLog.record(
                "sign_in.end", on: "user \(live.user)", by: actor, of: live.home, now: instant, in: db)
        }
    }

    /// Changes a user's password. All other sign-ins end, and this one continues with a new token.
    /// - Throws: A refusal if the current password is wrong; ``PasswordObjection`` if the new one is not accepted.
    public func changePassword(
        from present: String, to new: String, in live: LiveSignIn, visitor: Visitor
    ) async throws -> SignInToken {
        if let objection = Password.objection(to: new, of: live.email) { throw PasswordObjection(reason: objection) }
        guard new != present else { throw PasswordObjection(reason: "must differ from the current one") }
        guard present.utf8.count <= Password.mostBytes else { throw Refusal.wrongCredentials }
        let actor = Actor(user: live.user, name: live.email, authMethod: "sign_in", address: visitor.address)
        let hash = try await hashing.withPlace(for: .known) { place in
            try await prove(present, for: "user.change_password", in: live, by: actor, at: place)
            return try await place.hash(new)
        }
        let instant = now()
        return try await database.write { db in
            try db.execute(
                """
                UPDATE users SET password_hash = \(hash), must_change_password = 0, version = version + 1
                WHERE id = \(live.user)
                """)
            try SignIns.endAll(of: live.user, in: db)
            try AuditLog.record(
                "user.change_password", on: "user \(live.user)", by: actor, of: live.home, now: instant, in: db)
            return try SignIns.begin(
                for: live.user, method: .password, awaitsCode: false, from: visitor, now: instant, in: db)
        }
    }

    /// Replaces a user's recovery codes. Requires the password, because an unattended browser is not enough.
    /// - Throws: A refusal if the password is wrong.
    public func renewRecoveryCodes(
        for password: String, in live: LiveSignIn, visitor: Visitor
    ) async throws -> [String] {
        guard password.utf8.count <= Password.mostBytes else { throw Refusal.wrongCredentials }
        let actor = Actor(user: live.user, name: live.email, authMethod: "sign_in", address: visitor.address)
        try await hashing.withPlace(for: .known) { place in
            try await prove(password, for: "second_factor.renew_recovery_codes", in: live, by: actor, at: place)
        }
        return try await secondFactor.renewRecoveryCodes(by: actor, of: live.principal)
    }

    /// Verifies the password of a signed-in user as a counted attempt.
    /// - Throws: A refusal if it is wrong, after adding an audit entry.
    private func prove(
        _ password: String, for action: String, in live: LiveSignIn, by actor: Actor, at place: PasswordHashing.Place
    ) async throws {
        let attempt = try await takeProof(of: live.user)
        let isRight = try await counted(attempt) {
            let stored: String? = try await database.read { db in
                try db.first("SELECT password_hash FROM users WHERE id = \(live.user)")?["password_hash"]
            }
            let isSame = try await place.verify(password, against: stored)
            return stored != nil && isSame
        }
        guard isRight else {
            try await refuse(action, on: "user \(live.user)", actor, live.home)
            throw Refusal.wrongCredentials
        }
        try await database.write { try Throttle.giveBack(attempt, in: $0) }
    }

    static func noteSignIn(
        _ user: User.ID, _ actor: Actor, _ organization: Organization.ID, now: Date, in db: Connection
    ) throws {
        try db.execute("UPDATE users SET last_sign_in_at = \(now) WHERE id = \(user)")
        try AuditLog.record("sign_in.create", on: "user \(user)", by: actor, of: organization, now: now, in: db)
    }
}

/// Why a new password is not accepted.
public struct PasswordObjection: Error, Sendable, Equatable {
    /// The reason for people, to follow the words "the password".
    public let reason: String
}

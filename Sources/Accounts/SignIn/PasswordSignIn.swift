import API
import BoundaryText
import Database
import Foundation
import Sealing
import WebSupport

/// Signing in with a password, and with a code where there is a second factor.
public struct PasswordSignIn: Sendable {
    /// Why a sign-in is refused. Does not reveal which users exist.
    public enum Refusal: Error, Sendable, Equatable {
        /// The e-mail or the password is wrong, or the user cannot sign in.
        case wrongCredentials
        /// The code is wrong, or was used before.
        case wrongCode
        /// Too many failures; try again then.
        case wait(Duration)
        /// Too many sign-ins at once.
        case busy
        /// No code can be checked, because the installation's secret that sealed the second factor is lost.
        case secondFactorLost
    }

    private let database: Database
    private let hashing: PasswordHashing
    private let secondFactor: SecondFactor
    private let browsers: KnownBrowsers
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - sealer: seals the notes by which browsers are known again.
    ///   - now: the wall clock.
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

    /// An authenticator's six digits, or a recovery code as people write it.
    private static let longestCode = 64

    /// How an account is looked for, whatever was typed.
    private static func account(_ email: String) -> String {
        email.trimmingCharacters(in: .whitespaces).lowercased()
    }

    /// What the browser keeps so that it is known again when this account signs in: ``Visitor/browser``.
    public func browserNote(for email: String) -> String? {
        browsers.note(for: Self.account(email), now: now())
    }

    /// Checks a password.
    /// - Parameter previous: the browser's sign-in so far, which ends; so nobody can plant one.
    /// - Returns: the new sign-in's token; the sign-in may have to prove the second factor first.
    public func withPassword(
        email: String, password: String, from visitor: Visitor, replacing previous: SignInToken?
    ) async throws -> SignInToken {
        let account = Self.account(email)
        // Before anything else: what is longer belongs to nobody, and must neither be stored nor be counted. A NUL, which
        // databases leave out, would make another name of it for us than for them.
        guard account.utf8.count <= EmailAddress.mostBytes, !account.unicodeScalars.contains(where: \.isControl),
            password.utf8.count <= Password.mostBytes
        else {
            throw Refusal.wrongCredentials
        }
        let isKnown = browsers.know(visitor.browser, as: account, now: now())
        return try await hashing.withPlace(for: isKnown ? .known : .stranger(network: visitor.network)) { place in
            let entry = try await beginEntry(of: account, from: visitor)
            // An unknown account costs as much time as a known one.
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

    /// A try to sign in that is counted, with what is known of the account.
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
            // Who has to wait is not put on record: the failures before it are, and whoever goes on asking must not fill the
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
                // Nobody belongs to the installation itself; its record takes what belongs to no organization.
                organization: try user?["organization_id"] ?? .installation, hash: try user?["password_hash"],
                isActive: try user?["active"] ?? false, hasSecondFactor: confirmed != nil)
        }
    }

    /// Does what a counted try is for. If that cannot be done the try was none.
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

    /// Counts a try to prove something of a person who has signed in.
    private func takeProof(of user: User.ID) async throws -> Throttle.Attempt {
        let instant = now()
        return try await database.write { try Throttle.take([.code(user)], now: instant, in: $0) }
    }

    /// Checks the code of a sign-in that waits for it.
    /// - Returns: the token of a sign-in that replaces it, and how many recovery codes are left if one was used.
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

    /// Ends the sign-in of a cookie.
    public func out(_ live: LiveSignIn, from visitor: Visitor) async throws {
        let instant = now()
        let actor = Actor(user: live.user, name: live.email, authMethod: "sign_in", address: visitor.address)
        try await database.write { db in
            try db.execute("DELETE FROM sign_ins WHERE id = \(live.id)")
            try AuditLog.record(
                "sign_in.end", on: "user \(live.user)", by: actor, of: live.home, now: instant, in: db)
        }
    }

    /// Gives a person another password. All other sign-ins end, and this one goes on under a new token.
    /// - Throws: a refusal when the present password is wrong; ``PasswordObjection`` when the new one is not accepted.
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

    /// Gives a person other recovery codes, for the password: a sign-in that somebody left open is not enough.
    /// - Throws: a refusal when the password is wrong.
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

    /// Asks for the present password of somebody who has signed in, as a try that is counted.
    /// - Throws: a refusal when it is wrong, which is on record.
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

/// Why a password is not accepted.
public struct PasswordObjection: Error, Sendable, Equatable {
    /// For people, after the words "the password".
    public let reason: String
}

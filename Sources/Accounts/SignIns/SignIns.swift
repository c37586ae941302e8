import API
import BoundaryText
import Database
import Foundation
import WebSupport

/// Starts, finds and ends sign-ins.
public struct SignIns: Sendable {
    let database: Database
    let now: @Sendable () -> Date

    /// - Parameter now: The wall clock.
    public init(database: Database, now: @escaping @Sendable () -> Date = { Date() }) {
        self.database = database
        self.now = now
    }

    /// Starts a sign-in, in the caller's transaction.
    static func begin(
        for user: User.ID, method: SignIn.Method, awaitsCode: Bool, from visitor: Visitor, now: Date, in db: Connection
    ) throws -> SignInToken {
        let token = SignInToken.random()
        let time = awaitsCode ? SignIn.codeTime : SignIn.longestTime
        try db.execute(
            """
            INSERT INTO sign_ins (
                user_id, token_hash, method, awaits_code, address, agent, created_at, last_seen_at, expires_at)
            VALUES (
                \(user), \(token.hash), \(method), \(awaitsCode), \(orNull: visitor.address),
                \(orNull: visitor.agent.map { $0.cut(toBytes: 300) }), \(now), \(now),
                \(now.addingTimeInterval(time.seconds)))
            """)
        return token
    }

    /// The query that every request with a cookie runs. A super admin's visit to another organization counts only while
    /// they have that role, and sign-ins of super admins through an identity provider are excluded.
    static func lookUp(_ token: SignInToken, now: Date) -> SQL {
        """
        SELECT s.id, s.method, s.awaits_code, s.last_seen_at, s.expires_at, u.id AS user_id,
            u.organization_id AS home, o.id AS organization_id, o.name AS organization_name, u.email, u.name, u.role,
            u.must_change_password, u.totp_confirmed_at, h.requires_second_factor, u.limited
        FROM sign_ins s JOIN users u ON u.id = s.user_id
            JOIN organizations h ON h.id = u.organization_id
            JOIN organizations o ON o.id =
                CASE WHEN u.role = \(Role.superAdmin) THEN COALESCE(s.visiting, u.organization_id)
                ELSE u.organization_id END
        WHERE s.token_hash = \(token.hash) AND s.expires_at > \(now)
            AND s.last_seen_at > \(now.addingTimeInterval(-SignIn.idleTime.seconds)) AND u.active = 1
            AND NOT (u.role = \(Role.superAdmin) AND s.method = \(SignIn.Method.singleSignOn))
        """
    }

    /// The sign-in of a cookie; nil if it has ended or its user can no longer sign in.
    public func find(_ token: SignInToken) async throws -> LiveSignIn? {
        let instant = now()
        let found = try await database.read { db -> LiveSignIn? in
            var live = try db.first(Self.lookUp(token, now: instant), as: LiveSignIn.self)
            if let limited = live, limited.isLimited { live?.tenants = try Tenant.limits(of: limited.user, in: db) }
            return live
        }
        guard let live = found else { return nil }
        // Once a minute is accurate enough, and most requests need no write.
        if live.lastSeenAt < instant - 60 { try await touch(live.id) }
        return live
    }

    /// Records that a sign-in is in use.
    /// - Returns: When it will end unless it is used again.
    @discardableResult
    public func touch(_ id: SignIn.ID) async throws -> Date? {
        let instant = now()
        return try await database.write { db in
            let row = try db.first(
                "UPDATE sign_ins SET last_seen_at = \(instant) WHERE id = \(id) RETURNING expires_at")
            return try row.map { min(try $0["expires_at"], instant.addingTimeInterval(SignIn.idleTime.seconds)) }
        }
    }

    /// A user's sign-ins, newest first.
    public func list(of user: User.ID) async throws -> [SignIn] {
        let instant = now()
        return try await database.read { db in
            try db.all(
                """
                SELECT * FROM sign_ins WHERE user_id = \(user) AND expires_at > \(instant)
                    AND last_seen_at > \(instant.addingTimeInterval(-SignIn.idleTime.seconds)) AND awaits_code = 0
                ORDER BY id DESC LIMIT 100
                """, as: SignIn.self)
        }
    }

    /// Ends one of a user's sign-ins.
    /// - Returns: False if the user has no such sign-in.
    public func end(_ id: SignIn.ID, of user: User.ID, by actor: Actor, organization: Organization.ID) async throws
        -> Bool
    {
        let instant = now()
        return try await database.write { db in
            guard try db.execute("DELETE FROM sign_ins WHERE id = \(id) AND user_id = \(user)") == 1 else {
                return false
            }
            try AuditLog.record("sign_in.revoke", on: "user \(user)", by: actor, of: organization, now: instant, in: db)
            return true
        }
    }

    /// Ends all of a user's sign-ins, optionally except one, in the caller's transaction.
    static func endAll(of user: User.ID, except kept: SignIn.ID? = nil, in db: Connection) throws {
        try db.execute("DELETE FROM sign_ins WHERE user_id = \(user) AND id <> \(kept?.rawValue ?? 0)")
    }

    /// Ends a user's sign-ins that used a method, in the caller's transaction.
    static func endAll(of user: User.ID, begunBy method: SignIn.Method, in db: Connection) throws {
        try db.execute("DELETE FROM sign_ins WHERE user_id = \(user) AND method = \(method)")
    }

    /// Starts a super admin's visit to another organization in this sign-in, or ends it if nil.
    public func visit(_ organization: Organization.ID?, in id: SignIn.ID) async throws {
        try await database.write { db in
            try db.execute(
                """
                UPDATE sign_ins SET visiting = \(orNull: organization)
                WHERE id = \(id) AND user_id IN (SELECT id FROM users WHERE role = \(Role.superAdmin))
                """)
        }
    }

    /// Deletes expired sign-ins, used single sign-on attempts and old failure counts.
    public func forgetEnded() async throws {
        let instant = now()
        try await database.write { db in
            try db.execute("DELETE FROM sign_ins WHERE expires_at < \(instant)")
            try AuthenticationRequest.forget(now: instant, in: db)
            try Throttle.forget(now: instant, in: db)
        }
    }
}

/// An unauthenticated client of the sign-in page.
public struct Visitor: Sendable, Equatable {
    /// The client address; nil if unknown.
    public let address: String?
    /// The browser's user agent.
    public let agent: String?
    /// The browser note from ``PasswordSignIn/browserNote(for:)``, if any.
    public let browser: String?

    /// Creates a visitor.
    public init(address: String?, agent: String?, browser: String? = nil) {
        self.address = address
        self.agent = agent
        self.browser = browser
    }

    /// The network that failures and places are counted by.
    var network: String { VisitorAddress.network(of: address) }
}

/// An active sign-in with its user.
public struct LiveSignIn: Sendable, Equatable, RowDecodable {
    /// What a user must do before anything else. The server enforces it, whatever the page shows.
    public enum Duty: Sendable, Equatable {
        /// Prove the second factor.
        case enterCode
        /// Choose a new password.
        case changePassword
        /// Set up the second factor that the organization requires.
        case setUpSecondFactor
    }

    /// The ID of the sign-in.
    public let id: SignIn.ID
    /// The method.
    public let method: SignIn.Method
    /// The ID of the user.
    public let user: User.ID
    /// The user's own organization.
    public let home: Organization.ID
    /// The organization being viewed. Differs from `home` only for super admins.
    public let organization: Organization.ID
    /// The name of the organization being viewed.
    public let organizationName: String
    /// The user's e-mail address.
    public let email: String
    /// The user's name.
    public let name: String
    /// The user's effective role.
    public let role: Role
    /// What the user must do first, if anything.
    public let duty: Duty?
    /// Whether the user has a second factor.
    public let hasSecondFactor: Bool
    /// When it ends unless it is used again.
    public let endsAt: Date
    let lastSeenAt: Date
    let isLimited: Bool
    /// The tenants that the user is limited to.
    var tenants: [Tenant]?

    /// Reads a row of the lookup query.
    public init(row: Row) throws {
        id = try row["id"]
        method = try row["method"]
        user = try row["user_id"]
        home = try row["home"]
        organization = try row["organization_id"]
        organizationName = try row["organization_name"]
        email = try row["email"]
        name = try row["name"]
        isLimited = try row["limited"]
        let role: Role = try row["role"]
        // The same restriction as in ``Principal/role``, for code that uses the sign-in directly.
        self.role = isLimited ? min(role, .engineer) : role
        lastSeenAt = try row["last_seen_at"]
        let expires: Date = try row["expires_at"]
        endsAt = min(expires, lastSeenAt.addingTimeInterval(SignIn.idleTime.seconds))
        let (awaitsCode, mustChange, required): (Bool, Bool, Bool) = (
            try row["awaits_code"], try row["must_change_password"], try row["requires_second_factor"]
        )
        let confirmed: Date? = try row["totp_confirmed_at"]
        hasSecondFactor = confirmed != nil
        let isLocal = method == .password
        duty =
            awaitsCode
            ? .enterCode
            : isLocal && mustChange
                ? .changePassword : isLocal && required && confirmed == nil ? .setUpSecondFactor : nil
    }

    /// The principal. Only valid if the sign-in has no duty.
    public var principal: Principal {
        Principal(
            user: user, organization: organization, email: email, role: role, home: home, name: name,
            means: .signIn(id), tenants: isLimited ? tenants ?? [] : nil)
    }
}

import API
import BoundaryText
import Database
import Foundation
import Synchronization
import WebSupport

/// Creates, finds, verifies and deletes API keys.
public struct APIKeyStore: Sendable {
    private let database: Database
    private let use: KeyUse
    private let now: @Sendable () -> Date

    /// - Parameter now: The wall clock.
    public init(database: Database, now: @escaping @Sendable () -> Date = { Date() }) {
        self.database = database
        self.now = now
        use = KeyUse()
    }

    /// The principal for an API key.
    /// - Returns: Nil for a malformed key, a wrong secret, a deleted or expired key, or an inactive user; callers
    ///   cannot distinguish these.
    public func principal(for text: String) async throws -> Principal? {
        guard let key = APIKeyText(text) else { return nil }
        let row = try await database.read { try $0.first(Self.lookUp(key.id)) }
        guard let row else { return nil }
        let (hash, expires): ([UInt8], Date?) = (try row["secret_hash"], try row["expires_at"])
        guard ConstantTime.equal(hash, key.secretHash) else { return nil }
        if let expires, expires <= now() { return nil }
        use.note(key.id)
        // If the user was demoted after the key was created, the lower role applies to the key too.
        let (role, userRole): (Role, Role) = (try row["role"], try row["user_role"])
        let (user, isLimited): (User.ID, Bool) = (try row["user_id"], try row["limited"])
        let tenants = isLimited ? try await database.read { try Tenant.limits(of: user, in: $0) } : nil
        return Principal(
            user: user, organization: try row["organization_id"], email: try row["email"],
            role: min(role, userRole), name: try row["name"], means: .key(key.id, try row["scope"]), tenants: tenants)
    }

    /// Why a key is not created.
    enum Refusal: Error, Sendable, Equatable {
        /// The API key in use expires earlier.
        case outlives(Date)
        /// The user has the maximum number of keys.
        case tooMany
        /// There is no such user, or the user cannot sign in.
        case noUser
        /// The user's role is not lower than the caller's.
        case notBelow(Role)
        /// The requested role is above the user's.
        case above(Role)
    }

    /// Maximum keys per user, including expired ones. Enough for one per program; more suggests a script that creates
    /// one on each run.
    static let maxPerUser = 100

    /// The user that a new key acts as.
    enum Holder: Sendable {
        /// The caller.
        case caller(User.ID)
        /// A user of the organization with a role lower than the caller's.
        case user(User.ID, of: Organization.ID, below: Role)
        /// The same, identified by e-mail address.
        case email(String, of: Organization.ID, below: Role)
    }

    /// Creates a key.
    /// - Parameters:
    ///   - user: The user that the key acts as.
    ///   - role: The role; nil for the user's own.
    ///   - maker: The API key in use, if any; the new one expires no later than it.
    ///   - actor: The creator, for the audit log.
    /// - Returns: The key and its text, which cannot be retrieved later.
    public func make(
        _ name: String, for user: User.ID, role: Role, scopes: KeyScopes? = nil, expiresAt: Date? = nil,
        with maker: APIKey.ID? = nil, by actor: Actor = .command
    ) async throws -> (key: APIKey, text: APIKeyText) {
        try await make(
            name, for: .caller(user), role: role, scopes: scopes, expiresAt: expiresAt, with: maker, by: actor)
    }

    /// Creates a key, possibly for another user.
    /// - Throws: A ``Refusal``.
    func make(
        _ name: String, for holder: Holder, role: Role?, scopes: KeyScopes?, expiresAt wanted: Date?,
        with maker: APIKey.ID?, by actor: Actor
    ) async throws -> (key: APIKey, text: APIKeyText) {
        let (instant, secret) = (now(), APIKeyText.randomSecret())
        return try await database.write { db in
            let (user, own) = try Self.user(holder, in: db)
            // The caller may be a super admin visiting another organization; the requested role was compared with that
            // role.
            let role = role ?? own
            if case .caller = holder {} else if role > own { throw Refusal.above(own) }
            // Concurrent requests must not exceed the limit together.
            try db.lock("keys:\(user)")
            let count: Int = try db.first("SELECT COUNT(*) AS n FROM api_keys WHERE user_id = \(user)")?["n"] ?? 0
            guard count < Self.maxPerUser else { throw Refusal.tooMany }
            let expiresAt = try Self.end(wanted, with: maker, in: db)
            let id: APIKey.ID? = try db.first(
                """
                INSERT INTO api_keys (user_id, organization_id, name, secret_hash, role, scope, expires_at, created_at)
                VALUES (
                    \(user), (SELECT organization_id FROM users WHERE id = \(user)), \(name), \([UInt8]()), \(role),
                    \(orNull: scopes), \(orNull: expiresAt), \(instant))
                RETURNING id
                """)?["id"]
            guard let id else { throw DatabaseError.statement("a new API key has no id") }
            let text = APIKeyText.make(for: id, secret: secret)
            try db.execute("UPDATE api_keys SET secret_hash = \(text.secretHash) WHERE id = \(id)")
            let key = try db.first(Self.selection + " WHERE k.id = \(id)", as: APIKey.self)
            guard let key else { throw DatabaseError.statement("a new API key is gone") }
            try AuditLog.record(
                "api_key.create", on: "API key \(id)", by: actor, of: key.organization,
                after: APIKeys.Answer(key), now: instant, in: db)
            return (key, text)
        }
    }

    /// The user that the key is for, and that user's role.
    private static func user(_ holder: Holder, in db: Connection) throws -> (User.ID, Role) {
        let (whose, most): (SQL, Role?) =
            switch holder {
            case .caller(let id): ("id = \(id)", nil)
            case .user(let id, let organization, let most): ("id = \(id) AND organization_id = \(organization)", most)
            case .email(let email, let organization, let most):
                ("email_key = \(email.lowercased()) AND organization_id = \(organization)", most)
            }
        guard let row = try db.first("SELECT id, role FROM users WHERE \(whose) AND active = 1") else {
            throw Refusal.noUser
        }
        let role: Role = try row["role"]
        if let most, role >= most { throw Refusal.notBelow(role) }
        return (try row["id"], role)
    }

    /// The expiry of a new key: as requested, but no later than that of the key that creates it.
    private static func end(_ wanted: Date?, with maker: APIKey.ID?, in db: Connection) throws -> Date? {
        guard let maker else { return wanted }
        guard let row = try db.first("SELECT expires_at FROM api_keys WHERE id = \(maker)") else {
            // The creating key was deleted during the request, so it can no longer create anything.
            throw Refusal.outlives(.distantPast)
        }
        let latest: Date? = try row["expires_at"]
        guard let latest else { return wanted }
        guard let wanted else { return latest }
        guard wanted <= latest else { throw Refusal.outlives(latest) }
        return wanted
    }

    /// An organization's keys, oldest first.
    /// - Parameter user: If set, only keys of this user.
    public func list(
        of organization: Organization.ID, user: User.ID? = nil, page: PageRequest
    ) async throws -> Page<APIKey> {
        let keys = try await database.read { db in
            // A user has few keys, an organization may have many, so each query uses its own index.
            let whose: SQL = user.map { "k.user_id = \($0)" } ?? "k.organization_id = \(organization)"
            return try db.all(
                Self.selection + """
                     WHERE \(whose) AND k.id > \(page.after?.number ?? 0)
                    ORDER BY k.id LIMIT \(page.limit + 1)
                    """, as: APIKey.self)
        }
        return Page(keys, limit: page.limit) { "\($0.id)" }
    }

    /// Finds one of an organization's keys.
    /// - Parameter user: If set, only a key of this user.
    func find(_ id: APIKey.ID, of organization: Organization.ID, user: User.ID?) async throws -> APIKey? {
        try await database.read { try Self.find(id, of: organization, user: user, in: $0) }
    }

    private static func find(
        _ id: APIKey.ID, of organization: Organization.ID, user: User.ID?, in db: Connection
    ) throws -> APIKey? {
        let key = try db.first(
            selection + " WHERE k.id = \(id) AND k.organization_id = \(organization)", as: APIKey.self)
        return user == nil || key?.user == user ? key : nil
    }

    /// Deletes a key, which takes effect immediately.
    /// - Parameter user: If set, only a key of this user.
    /// - Returns: False if there is no such key.
    public func delete(
        _ id: APIKey.ID, of organization: Organization.ID, user: User.ID? = nil, by actor: Actor
    ) async throws -> Bool {
        let instant = now()
        return try await database.write { db in
            guard let key = try Self.find(id, of: organization, user: user, in: db) else { return false }
            try db.execute("DELETE FROM api_keys WHERE id = \(id)")
            try AuditLog.record(
                "api_key.delete", on: "API key \(id)", by: actor, of: organization, before: APIKeys.Answer(key),
                now: instant, in: db)
            return true
        }
    }

    /// Stores when keys were last used. Called periodically, so that requests need not write.
    public func recordUse() async throws {
        let (used, instant) = (use.take(), now())
        guard !used.isEmpty else { return }
        try await database.write { db in
            try db.execute("UPDATE api_keys SET last_used_at = \(instant) WHERE id IN (\(list: used))")
        }
    }

    /// The query that every request with a key runs.
    static func lookUp(_ id: APIKey.ID) -> SQL {
        """
        SELECT k.secret_hash, k.role, k.scope, k.expires_at, u.id AS user_id, u.organization_id, u.email, u.name,
            u.role AS user_role, u.limited
        FROM api_keys k JOIN users u ON u.id = k.user_id WHERE k.id = \(id) AND u.active = 1
        """
    }

    private static let selection: SQL = """
        SELECT k.id, k.organization_id, k.user_id, k.name, k.role, k.scope, k.expires_at, k.last_used_at, k.created_at,
            u.email
        FROM api_keys k JOIN users u ON u.id = k.user_id
        """
}

/// The keys used since the last call of `take`.
private final class KeyUse: Sendable {
    private let used = Mutex<Set<APIKey.ID>>([])

    func note(_ id: APIKey.ID) {
        used.withLock { _ = $0.insert(id) }
    }

    func take() -> Set<APIKey.ID> {
        used.withLock { used in
            defer { used = [] }
            return used
        }
    }
}

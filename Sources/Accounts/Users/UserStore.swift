import API
import BoundaryText
import Database
import Foundation
import HTTPTypes
import WebSupport

/// What can be done with users, and by whom.
public struct UserStore: Sendable {
    /// What of a user can be changed; nil leaves it.
    struct Change: Sendable {
        var name: String?
        var role: Role?
        var isActive: Bool?
        /// Links the pending identity with this subject; empty unlinks, or rejects the pending one.
        var subject: String?
        /// Refused when the user was changed since.
        var version: Int?
    }

    /// Why something is not done.
    enum Refusal: Error, Sendable, Equatable {
        case notFound
        case emailTaken
        /// The role is above what the actor manages.
        case roleTooLarge(Role)
        /// Nobody would be left who manages owners.
        case lastOwner
        /// It was changed since it was shown.
        case stale
        /// Users cannot delete themselves.
        case oneself
        /// A user with a customer limit would get a role that can remove it.
        case limited
        /// The subject is not the pending one, or is linked to another user.
        case notOffered
        /// A key with scopes gives no way to sign in, which would have no such limit.
        case limitedKey
    }

    private let database: Database
    private let hashing: PasswordHashing
    private let now: @Sendable () -> Date

    /// - Parameter now: the wall clock.
    public init(database: Database, hashing: PasswordHashing, now: @escaping @Sendable () -> Date = { Date() }) {
        self.database = database
        self.hashing = hashing
        self.now = now
    }

    /// An organization's users, oldest first.
    func list(
        of organization: Organization.ID, search: String?, page: PageRequest
    ) async throws -> Page<User> {
        let users = try await database.read { db in
            var query: SQL = "SELECT * FROM users WHERE organization_id = \(organization)"
            query += " AND id > \(page.after?.number ?? 0)"
            if let search {
                let pattern = "%\(search.escapedForLike)%"
                query +=
                    " AND (email_key LIKE lower(\(pattern)) ESCAPE '!' OR lower(name) LIKE lower(\(pattern)) ESCAPE '!')"
            }
            return try db.all(query + " ORDER BY id LIMIT \(page.limit + 1)", as: User.self)
        }
        return Page(users, limit: page.limit) { "\($0.id)" }
    }

    /// One of an organization's users.
    func find(_ id: User.ID, of organization: Organization.ID) async throws -> User? {
        try await database.read { try Self.find(id, of: organization, in: $0) }
    }

    private static func find(_ id: User.ID, of organization: Organization.ID, in db: Connection) throws -> User? {
        try db.first("SELECT * FROM users WHERE id = \(id) AND organization_id = \(organization)", as: User.self)
    }

    /// The largest role that a caller manages. A key with scopes stays below its own role: the users it creates have no
    /// such limit.
    static func largestManaged(by principal: Principal) -> Role {
        let role = principal.role
        guard principal.isLimitedKey else {
            return role == .superAdmin ? .superAdmin : role >= .owner ? .owner : .admin
        }
        return role == .superAdmin ? .owner : role == .owner ? .admin : .engineer
    }

    /// Creates a user.
    /// - Parameter password: to be changed at the first sign-in; nil for users of an identity provider.
    func create(
        email: String, name: String, role: Role, password: String?, in organization: Organization.ID,
        by principal: Principal,
        _ actor: Actor
    ) async throws -> User {
        guard role <= Self.largestManaged(by: principal) else { throw Refusal.roleTooLarge(role) }
        guard password == nil || !principal.isLimitedKey else { throw Refusal.limitedKey }
        var hash: String?
        if let password { hash = try await hashing.withPlace(for: .known) { try await $0.hash(password) } }
        let (stored, instant) = (hash, now())
        return try await database.write { db in
            guard try db.first("SELECT id FROM users WHERE email_key = \(email.lowercased())") == nil else {
                throw Refusal.emailTaken
            }
            let made = try db.first(
                """
                INSERT INTO users (
                    organization_id, email, email_key, name, role, password_hash, must_change_password, created_at)
                VALUES (
                    \(organization), \(email), \(email.lowercased()), \(name), \(role), \(orNull: stored),
                    \(stored != nil), \(instant))
                RETURNING *
                """, as: User.self)
            guard let made else { throw DatabaseError.statement("a new user is gone") }
            try AuditLog.record(
                "user.create", on: "user \(made.id)", by: actor, of: organization, after: Users.Answer(made),
                now: instant, in: db)
            return made
        }
    }

    /// Changes a user; activating a pending one approves it.
    func update(
        _ id: User.ID, to change: Change, of organization: Organization.ID, by principal: Principal, _ actor: Actor
    ) async throws -> User {
        let instant = now()
        return try await database.write { db in
            let old = try Self.managed(id, of: organization, by: principal, in: db)
            if let version = change.version, version != old.version { throw Refusal.stale }
            let (role, isActive) = (change.role ?? old.role, change.isActive ?? old.isActive)
            guard role <= Self.largestManaged(by: principal) else { throw Refusal.roleTooLarge(role) }
            // As nobody from admin on can be limited: whoever decides to lift a limit does so by itself, on record.
            if old.isLimited, role > .engineer, old.role <= .engineer { throw Refusal.limited }
            try db.execute(
                """
                UPDATE users SET name = \(change.name ?? old.name), role = \(role), active = \(isActive),
                    pending = \(old.isPending && !isActive), version = version + 1 WHERE id = \(id)
                """)
            if let subject = change.subject { try Self.confirm(subject, of: old, by: principal, in: db) }
            if old.role >= .owner, role < .owner || !isActive { try Self.requireOwner(of: organization, in: db) }
            guard let new = try Self.find(id, of: organization, in: db) else { throw Refusal.notFound }
            try Self.settle(old, new, in: db)
            try AuditLog.record(
                "user.update", on: "user \(id)", by: actor, of: organization, before: Users.Answer(old),
                after: Users.Answer(new), now: instant, in: db)
            return new
        }
    }

    /// Deletes a user with API keys and sign-ins.
    func delete(
        _ id: User.ID, of organization: Organization.ID, by principal: Principal, _ actor: Actor
    ) async throws {
        let instant = now()
        guard id != principal.user else { throw Refusal.oneself }
        try await database.write { db in
            let old = try Self.managed(id, of: organization, by: principal, in: db)
            try IdentityProviderStore.cutReach(savedBy: id, in: db)
            try db.execute("DELETE FROM users WHERE id = \(id)")
            if old.role >= .owner { try Self.requireOwner(of: organization, in: db) }
            try AuditLog.record(
                "user.delete", on: "user \(id)", by: actor, of: organization, before: Users.Answer(old), now: instant,
                in: db)
        }
    }

    /// Sets a password that has to be changed at the next sign-in; all sign-ins end.
    func resetPassword(
        of id: User.ID, to password: String, of organization: Organization.ID, by principal: Principal, _ actor: Actor
    ) async throws {
        guard !principal.isLimitedKey else { throw Refusal.limitedKey }
        let (hash, instant) = (try await hashing.withPlace(for: .known) { try await $0.hash(password) }, now())
        try await database.write { db in
            _ = try Self.managed(id, of: organization, by: principal, in: db)
            try db.execute(
                """
                UPDATE users SET password_hash = \(hash), must_change_password = 1, version = version + 1
                WHERE id = \(id)
                """)
            try SignIns.endAll(of: id, in: db)
            try AuditLog.record(
                "user.reset_password", on: "user \(id)", by: actor, of: organization, now: instant, in: db)
        }
    }

    /// Resets a user's second factor, for a user who lost their phone; all sign-ins end.
    func resetSecondFactor(
        of id: User.ID, of organization: Organization.ID, by principal: Principal, _ actor: Actor
    ) async throws {
        guard !principal.isLimitedKey else { throw Refusal.limitedKey }
        let instant = now()
        try await database.write { db in
            _ = try Self.managed(id, of: organization, by: principal, in: db)
            try SecondFactor.remove(from: id, in: db)
            try SignIns.endAll(of: id, in: db)
            try AuditLog.record(
                "user.reset_second_factor", on: "user \(id)", by: actor, of: organization, now: instant, in: db)
        }
    }

    /// The user, if the caller manages the role.
    static func managed(
        _ id: User.ID, of organization: Organization.ID, by principal: Principal, in db: Connection
    ) throws -> User {
        // Two owners who demote each other at once must not both succeed.
        try db.lock("users:\(organization)")
        guard let user = try find(id, of: organization, in: db) else { throw Refusal.notFound }
        guard user.role <= largestManaged(by: principal) else { throw Refusal.roleTooLarge(user.role) }
        return user
    }

    /// Says that whoever came with a subject is this user; empty, that nobody is any more. Sign-ins that the identity
    /// provider began end with the binding.
    private static func confirm(
        _ subject: String, of user: User, by principal: Principal, in db: Connection
    ) throws {
        guard !principal.isLimitedKey else { throw Refusal.limitedKey }
        try SignIns.endAll(of: user.id, begunBy: .singleSignOn, in: db)
        guard !subject.isEmpty else {
            try db.execute(
                """
                UPDATE users SET issuer = NULL, subject = NULL, offered_issuer = NULL, offered_subject = NULL,
                    offered_at = NULL WHERE id = \(user.id)
                """)
            return
        }
        guard let offer = user.pendingIdentity, Array(offer.subject.utf8) == Array(subject.utf8),
            try user.bind(to: offer, in: db)
        else { throw Refusal.notOffered }
    }

    /// What goes when somebody's role or activity changes: sign-ins that had more, and what the person vouched for.
    static func settle(_ old: User, _ new: User, in db: Connection) throws {
        if new.role < old.role || !new.isActive {
            try SignIns.endAll(of: new.id, in: db)
        } else if new.role == .superAdmin, old.role < .superAdmin {
            try SignIns.endAll(of: new.id, begunBy: .singleSignOn, in: db)
        }
        if old.role >= .owner, new.role < old.role || !new.isActive {
            let isOwner = new.isActive && new.role >= .owner
            try IdentityProviderStore.cutReach(savedBy: new.id, except: isOwner ? new.organization : nil, in: db)
        }
    }

    private static func requireOwner(of organization: Organization.ID, in db: Connection) throws {
        guard try hasOwner(organization, in: db) else { throw Refusal.lastOwner }
    }

    /// Whether an organization has an active owner, perhaps beside one.
    static func hasOwner(
        _ organization: Organization.ID, beside user: User.ID? = nil, in db: Connection
    ) throws -> Bool {
        try db.first(
            """
            SELECT id FROM users WHERE organization_id = \(organization) AND active = 1 AND id <> \(user?.rawValue ?? 0)
                AND role IN (\(list: [Role.owner, .superAdmin])) LIMIT 1
            """) != nil
    }
}

extension UserStore.Refusal {
    var problem: Problem {
        switch self {
        case .notFound: .notFound("user")
        case .emailTaken:
            // The same for a user of another organization, of whom nobody here is to know.
            .conflict(
                code: "email_taken",
                "This e-mail address cannot be used here. Check whether a user already has it, or use another one."
            )
        case .roleTooLarge(let role):
            Problem(
                .forbidden, code: "forbidden", title: "Your role does not allow this",
                detail: "This concerns the role \(role.rawValue). Ask a user whose role is high enough.")
        case .lastOwner:
            .conflict(
                code: "last_owner", "This is the last active owner. Give another user the role owner first.")
        case .stale:
            Problem(
                .preconditionFailed, code: "stale", title: "The user was changed",
                detail: "This user was changed since you opened it. Check the current values and try again."
            )
        case .oneself:
            .conflict(code: "cannot_delete_self", "You cannot delete yourself. Ask another administrator.")
        case .limited:
            .conflict(
                code: "user_limited",
                "This user is limited to some customers, which only viewers and engineers can be. Remove the limit first."
            )
        case .notOffered:
            .invalid([
                .init(
                    field: "identity_subject", code: "wrong_value",
                    message: "must be the subject in pending_identity, or empty to unlink.")
            ])
        case .limitedKey:
            Problem(
                .forbidden, code: "out_of_scope", title: "This API key's scopes do not allow this",
                detail:
                    "A key with scopes cannot set passwords, link identities, save identity providers or reset second factors, since a user who signs in is not limited by scopes."
            )
        }
    }
}

import API
import BoundaryText
import Database
import Foundation
import HTTPTypes
import WebSupport

/// Stores users and enforces who may manage them.
public struct UserStore: Sendable {
    /// Changes to a user; nil keeps the current value.
    struct Change: Sendable {
        var name: String?
        var role: Role?
        var isActive: Bool?
        /// Links the pending identity with this subject; if empty, unlinks the user or rejects the pending identity.
        var subject: String?
        /// The expected version; the change is refused if the user was changed since.
        var version: Int?
    }

    /// Why an operation is refused.
    enum Refusal: Error, Sendable, Equatable {
        case notFound
        case emailTaken
        /// The role is above the highest that the actor manages.
        case roleTooLarge(Role)
        /// No active owner would be left.
        case lastOwner
        /// The user was changed since it was shown.
        case stale
        /// Users cannot delete themselves.
        case selfDeletion
        /// A user with a customer limit would get a role that can remove the limit.
        case limited
        /// The subject does not match the pending identity, or is linked to another user.
        case notOffered
        /// An API key with scopes must not create a way to sign in, because sign-ins have no scopes.
        case limitedKey
    }

    private let database: Database
    private let hashing: PasswordHashing
    private let now: @Sendable () -> Date

    /// - Parameter now: The wall clock.
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

    /// Finds one of an organization's users.
    func find(_ id: User.ID, of organization: Organization.ID) async throws -> User? {
        try await database.read { try Self.find(id, of: organization, in: $0) }
    }

    private static func find(_ id: User.ID, of organization: Organization.ID, in db: Connection) throws -> User? {
        try db.first("SELECT * FROM users WHERE id = \(id) AND organization_id = \(organization)", as: User.self)
    }

    /// The highest role that a caller manages. An API key with scopes only manages roles below its own, because the
    /// users it creates have no scopes.
    static func highestManagedRole(by principal: Principal) -> Role {
        let role = principal.role
        guard principal.isLimitedKey else {
            return role == .superAdmin ? .superAdmin : role >= .owner ? .owner : .admin
        }
        return role == .superAdmin ? .owner : role == .owner ? .admin : .engineer
    }

    /// Creates a user.
    /// - Parameter password: An initial password that must be changed at the first sign-in; nil for users of an
    ///   identity provider.
    func create(
        email: String, name: String, role: Role, password: String?, in organization: Organization.ID,
        by principal: Principal,
        _ actor: Actor
    ) async throws -> User {
        guard role <= Self.highestManagedRole(by: principal) else { throw Refusal.roleTooLarge(role) }
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

    /// Updates a user. Activating a pending user approves it.
    func update(
        _ id: User.ID, to change: Change, of organization: Organization.ID, by principal: Principal, _ actor: Actor
    ) async throws -> User {
        let instant = now()
        return try await database.write { db in
            let old = try Self.managed(id, of: organization, by: principal, in: db)
            if let version = change.version, version != old.version { throw Refusal.stale }
            let (role, isActive) = (change.role ?? old.role, change.isActive ?? old.isActive)
            guard role <= Self.highestManagedRole(by: principal) else { throw Refusal.roleTooLarge(role) }
            // Roles from admin up cannot have a customer limit. Removing a limit must be a separate, logged decision.
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

    /// Deletes a user along with their API keys and sign-ins.
    func delete(
        _ id: User.ID, of organization: Organization.ID, by principal: Principal, _ actor: Actor
    ) async throws {
        let instant = now()
        guard id != principal.user else { throw Refusal.selfDeletion }
        try await database.write { db in
            let old = try Self.managed(id, of: organization, by: principal, in: db)
            try IdentityProviderStore.lowerMaxRole(savedBy: id, in: db)
            try db.execute("DELETE FROM users WHERE id = \(id)")
            if old.role >= .owner { try Self.requireOwner(of: organization, in: db) }
            try AuditLog.record(
                "user.delete", on: "user \(id)", by: actor, of: organization, before: Users.Answer(old), now: instant,
                in: db)
        }
    }

    /// Sets a password that must be changed at the next sign-in, and ends all sign-ins.
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

    /// Resets the second factor of a user who has lost their phone, and ends all sign-ins.
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

    /// The user, if the caller may manage their role.
    static func managed(
        _ id: User.ID, of organization: Organization.ID, by principal: Principal, in db: Connection
    ) throws -> User {
        // Two owners who demote each other concurrently must not both succeed.
        try db.lock("users:\(organization)")
        guard let user = try find(id, of: organization, in: db) else { throw Refusal.notFound }
        guard user.role <= highestManagedRole(by: principal) else { throw Refusal.roleTooLarge(user.role) }
        return user
    }

    /// Links the pending identity with this subject to the user; if empty, unlinks the user. Ends the user's sign-ins
    /// through an identity provider.
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

    /// Applies the consequences of a changed role or activity: ends sign-ins that had more rights, and limits identity
    /// providers that the user vouched for.
    static func settle(_ old: User, _ new: User, in db: Connection) throws {
        if new.role < old.role || !new.isActive {
            try SignIns.endAll(of: new.id, in: db)
        } else if new.role == .superAdmin, old.role < .superAdmin {
            try SignIns.endAll(of: new.id, begunBy: .singleSignOn, in: db)
        }
        if old.role >= .owner, new.role < old.role || !new.isActive {
            let isOwner = new.isActive && new.role >= .owner
            try IdentityProviderStore.lowerMaxRole(savedBy: new.id, except: isOwner ? new.organization : nil, in: db)
        }
    }

    private static func requireOwner(of organization: Organization.ID, in db: Connection) throws {
        guard try hasOwner(organization, in: db) else { throw Refusal.lastOwner }
    }

    /// Whether an organization has an active owner, optionally apart from one user.
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
            // The same message for a user of another organization, whose existence must not be revealed.
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
        case .selfDeletion:
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

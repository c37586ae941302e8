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
        /// Binds the user to the subject of an identity provider that was offered; empty ends binding and offer.
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
        /// Somebody else changed it meanwhile.
        case stale
        /// Nobody removes himself.
        case oneself
        /// Somebody who is limited to customers is to become one who could end the own limit.
        case limited
        /// The subject is not the one that was offered, or is somebody else's.
        case notOffered
        /// A key that is limited to some areas hands out no way to sign in, which would have no such limit.
        case limitedKey
    }

    private let database: Database
    private let desk: PasswordDesk
    private let now: @Sendable () -> Date

    /// - Parameter now: the wall clock.
    public init(database: Database, desk: PasswordDesk, now: @escaping @Sendable () -> Date = { Date() }) {
        self.database = database
        self.desk = desk
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

    /// The largest role that somebody gives and takes. A key that is limited to some areas stays below its own role: the
    /// people it makes have no such limit.
    static func largestManaged(by principal: Principal) -> Role {
        let role = principal.role
        guard principal.isLimitedKey else {
            return role == .superAdmin ? .superAdmin : role >= .owner ? .owner : .admin
        }
        return role == .superAdmin ? .owner : role == .owner ? .admin : .engineer
    }

    /// Makes a user.
    /// - Parameter password: to be changed at the first sign-in; nil for somebody who comes by single sign-on.
    func create(
        email: String, name: String, role: Role, password: String?, in organization: Organization.ID,
        by principal: Principal,
        _ actor: Actor
    ) async throws -> User {
        guard role <= Self.largestManaged(by: principal) else { throw Refusal.roleTooLarge(role) }
        guard password == nil || !principal.isLimitedKey else { throw Refusal.limitedKey }
        var hash: String?
        if let password { hash = try await desk.withPlace(for: .known) { try await $0.hash(password) } }
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
                "user.create", on: "user \(made.id)", by: actor, of: organization, after: UserAnswer(made),
                now: instant, in: db)
            return made
        }
    }

    /// Changes a user; approving a pending one is making him active.
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
                "user.update", on: "user \(id)", by: actor, of: organization, before: UserAnswer(old),
                after: UserAnswer(new), now: instant, in: db)
            return new
        }
    }

    /// Removes a user with keys and sessions.
    func delete(
        _ id: User.ID, of organization: Organization.ID, by principal: Principal, _ actor: Actor
    ) async throws {
        let instant = now()
        guard id != principal.user else { throw Refusal.oneself }
        try await database.write { db in
            let old = try Self.managed(id, of: organization, by: principal, in: db)
            try IdentityProviders.cutReach(savedBy: id, in: db)
            try db.execute("DELETE FROM users WHERE id = \(id)")
            if old.role >= .owner { try Self.requireOwner(of: organization, in: db) }
            try AuditLog.record(
                "user.delete", on: "user \(id)", by: actor, of: organization, before: UserAnswer(old), now: instant,
                in: db)
        }
    }

    /// Gives a user a password that has to be changed at the next sign-in; all sessions end.
    func resetPassword(
        of id: User.ID, to password: String, of organization: Organization.ID, by principal: Principal, _ actor: Actor
    ) async throws {
        guard !principal.isLimitedKey else { throw Refusal.limitedKey }
        let (hash, instant) = (try await desk.withPlace(for: .known) { try await $0.hash(password) }, now())
        try await database.write { db in
            _ = try Self.managed(id, of: organization, by: principal, in: db)
            try db.execute(
                """
                UPDATE users SET password_hash = \(hash), must_change_password = 1, version = version + 1
                WHERE id = \(id)
                """)
            try Sessions.endAll(of: id, in: db)
            try AuditLog.record(
                "user.reset_password", on: "user \(id)", by: actor, of: organization, now: instant, in: db)
        }
    }

    /// Takes a user's second factor away, for somebody who lost the telephone; all sessions end.
    func resetSecondFactor(
        of id: User.ID, of organization: Organization.ID, by principal: Principal, _ actor: Actor
    ) async throws {
        guard !principal.isLimitedKey else { throw Refusal.limitedKey }
        let instant = now()
        try await database.write { db in
            _ = try Self.managed(id, of: organization, by: principal, in: db)
            try SecondFactor.remove(from: id, in: db)
            try Sessions.endAll(of: id, in: db)
            try AuditLog.record(
                "user.reset_second_factor", on: "user \(id)", by: actor, of: organization, now: instant, in: db)
        }
    }

    /// The user, if the actor may change him.
    static func managed(
        _ id: User.ID, of organization: Organization.ID, by principal: Principal, in db: Connection
    ) throws -> User {
        // Two owners who demote each other at once must not both succeed.
        try db.lock("users:\(organization)")
        guard let user = try find(id, of: organization, in: db) else { throw Refusal.notFound }
        guard user.role <= largestManaged(by: principal) else { throw Refusal.roleTooLarge(user.role) }
        return user
    }

    /// Says that whoever came with a subject is this user; empty, that nobody is any more. Sessions that the identity
    /// provider began end with the binding.
    private static func confirm(
        _ subject: String, of user: User, by principal: Principal, in db: Connection
    ) throws {
        guard !principal.isLimitedKey else { throw Refusal.limitedKey }
        try Sessions.endAll(of: user.id, begunBy: .singleSignOn, in: db)
        guard !subject.isEmpty else {
            try db.execute(
                """
                UPDATE users SET issuer = NULL, subject = NULL, offered_issuer = NULL, offered_subject = NULL,
                    offered_at = NULL WHERE id = \(user.id)
                """)
            return
        }
        guard let offer = user.offer, Array(offer.subject.utf8) == Array(subject.utf8),
            try user.bind(to: offer, in: db)
        else { throw Refusal.notOffered }
    }

    /// What goes when somebody's role or activity changes: sessions that had more, and what the person vouched for.
    static func settle(_ old: User, _ new: User, in db: Connection) throws {
        if new.role < old.role || !new.isActive {
            try Sessions.endAll(of: new.id, in: db)
        } else if new.role == .superAdmin, old.role < .superAdmin {
            try Sessions.endAll(of: new.id, begunBy: .singleSignOn, in: db)
        }
        if old.role >= .owner, new.role < old.role || !new.isActive {
            let isOwner = new.isActive && new.role >= .owner
            try IdentityProviders.cutReach(savedBy: new.id, except: isOwner ? new.organization : nil, in: db)
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
                "This e-mail address cannot be given to a user here. Look whether there is one with it; else use another."
            )
        case .roleTooLarge(let role):
            Problem(
                .forbidden, code: "forbidden", title: "Your role does not allow this",
                detail: "Somebody with a larger role than yours must do this: it concerns the role \(role.rawValue).")
        case .lastOwner:
            .conflict(
                code: "last_owner", "This is the last active owner. Make somebody else an owner first.")
        case .stale:
            Problem(
                .preconditionFailed, code: "stale", title: "It was changed meanwhile",
                detail: "Somebody else changed this user since you opened it. Look at the present values and try again."
            )
        case .oneself:
            .conflict(code: "oneself", "You cannot remove yourself. Ask another administrator.")
        case .limited:
            .conflict(
                code: "limited",
                "This user is limited to some customers, and only viewers and engineers can be. End the limit first.")
        case .notOffered:
            .invalid([
                .init(
                    field: "identity_subject", code: "wrong_value",
                    message: "must be the subject in identity_offer, or empty to end the binding.")
            ])
        case .limitedKey:
            Problem(
                .forbidden, code: "out_of_scope", title: "This API key's scopes do not allow this",
                detail:
                    "A key that is limited to some areas cannot give passwords, confirm identities, save identity providers or take second factors away: who signs in has no such limit."
            )
        }
    }
}

struct UserAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, email, name, role, active, pending, version, identity
        case identityOffer = "identity_offer"
        case hasPassword = "has_password"
        case hasSecondFactor = "has_second_factor"
        case lastSignInAt = "last_sign_in_at"
        case createdAt = "created_at"
    }

    let id: User.ID
    let email: String
    let name: String
    let role: Role
    let active: Bool
    let pending: Bool
    let version: Int
    let identity: UserIdentity?
    let identityOffer: UserIdentity?
    let hasPassword: Bool
    let hasSecondFactor: Bool
    let lastSignInAt: Date?
    let createdAt: Date

    init(_ user: User) {
        id = user.id
        email = user.email
        name = user.name
        role = user.role
        active = user.isActive
        pending = user.isPending
        version = user.version
        identity = user.identity
        identityOffer = user.offer
        hasPassword = user.hasPassword
        hasSecondFactor = user.hasSecondFactor
        lastSignInAt = user.lastSignInAt
        createdAt = user.createdAt
    }
}

import BoundaryText
import Database
import Foundation
import HTTPTypes
import WebSupport

/// What can be done with users, and by whom.
public struct Users: Sendable {
    /// What of a user can be changed; nil leaves it.
    struct Change: Sendable {
        var name: String?
        var role: Role?
        var isActive: Bool?
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

    /// The largest role that somebody with this role gives and takes.
    static func largestManaged(by role: Role) -> Role {
        role == .superAdmin ? .superAdmin : role >= .owner ? .owner : .admin
    }

    /// Makes a user.
    /// - Parameter password: to be changed at the first sign-in; nil for somebody who comes by single sign-on.
    func create(
        email: String, name: String, role: Role, password: String?, in organization: Organization.ID,
        by principal: Principal,
        _ actor: Actor
    ) async throws -> User {
        guard role <= Self.largestManaged(by: principal.role) else { throw Refusal.roleTooLarge(role) }
        var hash: String?
        if let password { hash = try await desk.hash(password) }
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
            guard role <= Self.largestManaged(by: principal.role) else { throw Refusal.roleTooLarge(role) }
            // As nobody from admin on can be limited: whoever decides to lift a limit does so by itself, on record.
            if old.isLimited, role >= .admin, old.role < .admin { throw Refusal.limited }
            try db.execute(
                """
                UPDATE users SET name = \(change.name ?? old.name), role = \(role), active = \(isActive),
                    pending = \(old.isPending && !isActive), version = version + 1 WHERE id = \(id)
                """)
            if old.role >= .owner, role < .owner || !isActive { try Self.requireOwner(of: organization, in: db) }
            if !isActive { try Sessions.endAll(of: id, in: db) }
            guard let new = try Self.find(id, of: organization, in: db) else { throw Refusal.notFound }
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
        let (hash, instant) = (try await desk.hash(password), now())
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
        guard user.role <= largestManaged(by: principal.role) else { throw Refusal.roleTooLarge(user.role) }
        return user
    }

    private static func requireOwner(of organization: Organization.ID, in db: Connection) throws {
        let owner = try db.first(
            """
            SELECT id FROM users WHERE organization_id = \(organization) AND active = 1
                AND role IN (\(list: [Role.owner, .superAdmin])) LIMIT 1
            """)
        guard owner != nil else { throw Refusal.lastOwner }
    }
}

extension Users.Refusal {
    var problem: Problem {
        switch self {
        case .notFound: .notFound("user")
        case .emailTaken:
            .conflict(code: "email_taken", "There is already a user with this e-mail address.")
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
        }
    }
}

struct UserAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, email, name, role, active, pending, version
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
        hasPassword = user.hasPassword
        hasSecondFactor = user.hasSecondFactor
        lastSignInAt = user.lastSignInAt
        createdAt = user.createdAt
    }
}

import API
import BoundaryText
import Database
import Foundation
import OpenIDConnect
import WebSupport

/// Decides whether a user of an identity provider may sign in, and as which user.
///
/// Users are recognized by issuer and subject only. An e-mail address is used once, to link a user without an identity,
/// and only if the issuer vouches for the address.
struct Admission {
    let claims: IdentityClaims
    let provider: IdentityProvider
    let visitor: Visitor
    /// The browser's current sign-in, which ends.
    let previous: SignInToken?
    let now: Date

    /// Decides in one transaction, which also commits on a refusal so that the refusal is logged.
    func decide(in db: Connection) throws -> Result<SignInToken, SingleSignOn.Refusal> {
        // The role must not change between the check and the sign-in.
        try db.lock("users:\(provider.organization)")
        try noteMissingGroups(in: db)
        var found = try bound(in: db)
        if found == nil {
            switch try byAddress(in: db) {
            case .success(let user): found = user
            case .failure(let refusal): return .failure(refusal)
            }
        }
        guard var user = found else { return .failure(.noEmail) }
        if let refusal = objection(to: user) { return .failure(try refused(refusal, user, in: db)) }
        user = try followRoles(of: user, in: db)
        if let refusal = objection(to: user) { return .failure(try refused(refusal, user, in: db)) }
        if let previous { try db.execute("DELETE FROM sign_ins WHERE token_hash = \(previous.hash)") }
        try PasswordSignIn.noteSignIn(user.id, actor(user), provider.organization, now: now, in: db)
        return .success(
            try SignIns.begin(
                for: user.id, method: .singleSignOn, awaitsCode: false, from: visitor, now: now, in: db))
    }

    private func bound(in db: Connection) throws -> User? {
        try db.first(
            """
            SELECT * FROM users WHERE organization_id = \(provider.organization) AND issuer = \(provider.issuer)
                AND subject = \(claims.subject)
            """, as: User.self)
    }

    /// Why the provider does not let the user sign in; nil if it does.
    private func objection(to user: User) -> SingleSignOn.Refusal? {
        guard user.isActive else { return user.isPending ? .pending(lacksGroups: false) : .inactive }
        guard user.role < .superAdmin else { return .superAdmin }
        return user.role > provider.maxRole ? .roleAboveProvider(user.role) : nil
    }

    // MARK: First sign-in

    private func byAddress(in db: Connection) throws -> Result<User, SingleSignOn.Refusal> {
        guard let email = provider.vouchedEmail(of: claims) else { return .failure(try refused(.noEmail, nil, in: db)) }
        guard let known = try db.first("SELECT * FROM users WHERE email_key = \(email.key)", as: User.self) else {
            try createPending(email, in: db)
            return .failure(.pending(lacksGroups: claims.lacksGroups && provider.needsGroups))
        }
        guard known.organization == provider.organization else {
            return .failure(try refused(.foreignAddress, nil, in: db))
        }
        if let refusal = objection(to: known) { return .failure(try refused(refusal, known, in: db)) }
        guard known.identity == nil else { return .failure(try refused(.linkedToAnother, known, in: db)) }
        guard known.role < .admin else {
            try offer(to: known, in: db)
            return .failure(try refused(.awaitsConfirmation, known, in: db))
        }
        guard try known.bind(to: identity, in: db) else {
            return .failure(try refused(.linkedToAnother, known, in: db))
        }
        try AuditLog.record(
            "user.link_identity", on: "user \(known.id)", by: actor(known), of: known.organization, after: identity,
            now: now,
            in: db)
        return .success(known)
    }

    private var identity: Users.Identity { Users.Identity(issuer: provider.issuer, subject: claims.subject) }

    /// Stores a pending identity: linking an administrator requires another administrator's decision, whatever the
    /// provider says.
    private func offer(to user: User, in db: Connection) throws {
        try db.execute(
            """
            UPDATE users SET offered_issuer = \(provider.issuer), offered_subject = \(claims.subject),
                offered_at = \(now) WHERE id = \(user.id)
            """)
    }

    private func createPending(_ email: EmailAddress, in db: Connection) throws {
        let role = provider.role(email: email, groups: claims.groups)
        // In scalars, because a hundred Swift characters can have any number of bytes.
        let given = claims.name.map { $0.cut(toScalars: 100) }
        let name = given.flatMap { $0.isEmpty ? nil : $0 } ?? email.text
        let made = try db.first(
            """
            INSERT INTO users (
                organization_id, email, email_key, name, role, active, pending, issuer, subject, created_at)
            VALUES (
                \(provider.organization), \(email.text), \(email.key), \(name), \(role), 0, 1, \(provider.issuer),
                \(claims.subject), \(now))
            RETURNING *
            """, as: User.self)
        guard let made else { return }
        try AuditLog.record(
            "user.create", on: "user \(made.id)", by: actor(made), of: provider.organization, after: Users.Answer(made),
            now: now, in: db)
    }

    // MARK: Roles

    /// Reports missing groups where an owner looks: on the provider and in the audit log.
    private func noteMissingGroups(in db: Connection) throws {
        guard claims.lacksGroups, provider.needsGroups else { return }
        // Once an hour, so that repeated attempts cannot fill the audit log.
        let told: Date? = try db.first("SELECT lacked_groups_at FROM identity_providers WHERE id = \(provider.id)")?[
            "lacked_groups_at"]
        if let told, now < told + 3_600 { return }
        try db.execute("UPDATE identity_providers SET lacked_groups_at = \(now) WHERE id = \(provider.id)")
        try AuditLog.record(
            "identity_provider.groups_missing", on: "identity provider \(provider.id)", by: actor(nil),
            of: provider.organization,
            after: [
                "finding":
                    "A user had more groups than the provider puts into a token, so roles by group were not applied."
            ],
            result: .failed, now: now, in: db)
    }

    /// Updates the role from groups and domain, if the provider is configured to: up or down, but never above its
    /// maximum role. The last owner keeps their role, and so do users whose groups are missing.
    private func followRoles(of user: User, in db: Connection) throws -> User {
        guard provider.updatesRoleAtSignIn, !(claims.lacksGroups && provider.needsGroups) else { return user }
        var role = provider.role(email: provider.vouchedEmail(of: claims), groups: claims.groups)
        if user.isLimited { role = min(role, .engineer) }
        guard role != user.role else { return user }
        if user.role >= .owner, role < .owner, try !UserStore.hasOwner(provider.organization, beside: user.id, in: db) {
            try AuditLog.record(
                "user.update_role", on: "user \(user.id)", by: actor(user), of: provider.organization,
                after: ["role": role.rawValue, "reason": "last_owner"], result: .refused, now: now, in: db)
            return user
        }
        let changed = try db.first(
            "UPDATE users SET role = \(role), version = version + 1 WHERE id = \(user.id) RETURNING *", as: User.self)
        guard let changed else { return user }
        try UserStore.settle(user, changed, in: db)
        try AuditLog.record(
            "user.update_role", on: "user \(user.id)", by: actor(user), of: provider.organization,
            before: Users.Answer(user), after: Users.Answer(changed), now: now, in: db)
        return changed
    }

    // MARK: Audit log

    private func actor(_ user: User?) -> Actor {
        Actor(
            user: user?.id, name: user?.email ?? claims.email ?? provider.name, authMethod: "sign_in",
            address: visitor.address)
    }

    private struct Refused: Encodable {
        let reason: String?
        let issuer: String
        let subject: String
    }

    private func refused(
        _ refusal: SingleSignOn.Refusal, _ user: User?, in db: Connection
    ) throws -> SingleSignOn.Refusal {
        let target = user.map { "user \($0.id)" } ?? "identity provider \(provider.id)"
        try AuditLog.record(
            "sign_in.create", on: target, by: actor(user), of: provider.organization,
            after: Refused(reason: refusal.code, issuer: provider.issuer, subject: claims.subject), result: .refused,
            now: now, in: db)
        return refusal
    }
}

extension User {
    /// Links a user who has no identity yet, in the caller's transaction.
    /// - Returns: False if the user was linked in the meantime, or another user has this identity.
    func bind(to identity: Users.Identity, in db: Connection) throws -> Bool {
        let other = try db.first(
            """
            SELECT id FROM users WHERE organization_id = \(organization) AND issuer = \(identity.issuer)
                AND subject = \(identity.subject)
            """)
        guard other == nil else { return false }
        return try db.execute(
            """
            UPDATE users SET issuer = \(identity.issuer), subject = \(identity.subject), offered_issuer = NULL,
                offered_subject = NULL, offered_at = NULL, version = version + 1 WHERE id = \(id) AND subject IS NULL
            """) == 1
    }
}

import API
import BoundaryText
import Database
import Foundation
import OpenIDConnect
import Sealing
import WebSupport

/// Stores identity providers.
struct IdentityProviderStore: Sendable {
    let database: Database
    let sealer: Sealer
    let singleSignOn: SingleSignOn
    let now: @Sendable () -> Date

    /// The values of a provider to save.
    struct Draft: Sendable {
        var name: String
        var issuer: String
        var clientID: String
        /// Nil keeps the current secret.
        var clientSecret: String?
        var defaultRole: Role
        var roleMappings: [IdentityProvider.RoleMapping]
        /// In lower case.
        var trustedDomains: [String]
        var updatesRoleAtSignIn: Bool
        var usesSharedRedirect: Bool
        var isEnabled: Bool
    }

    func list(of organization: Organization.ID, page: PageRequest) async throws -> Page<IdentityProvider> {
        let rows = try await database.read { db in
            try db.all(
                """
                SELECT * FROM identity_providers WHERE organization_id = \(organization)
                    AND id > \(page.after?.number ?? 0) ORDER BY id LIMIT \(page.limit + 1)
                """, as: IdentityProvider.self)
        }
        return Page(rows, limit: page.limit) { "\($0.id)" }
    }

    func find(_ id: IdentityProvider.ID, of organization: Organization.ID) async throws -> IdentityProvider? {
        try await database.read { try Self.find(id, of: organization, in: $0) }
    }

    private static func find(
        _ id: IdentityProvider.ID, of organization: Organization.ID, in db: Connection
    ) throws -> IdentityProvider? {
        try db.first(
            "SELECT * FROM identity_providers WHERE id = \(id) AND organization_id = \(organization)",
            as: IdentityProvider.self)
    }

    /// Creates or updates a provider. The user who saves it vouches for it, so its maximum role is the highest that
    /// user may manage.
    /// - Throws: 409 if the organization has another provider with the same issuer.
    func save(
        _ draft: Draft, as id: IdentityProvider.ID?, by principal: Principal, _ actor: Actor
    ) async throws -> IdentityProvider? {
        // Users of a provider get sign-ins, which the API key's scopes do not limit.
        guard !principal.isLimitedKey else { throw UserStore.Refusal.limitedKey.problem }
        let (instant, organization) = (now(), principal.organization)
        let rules = String(decoding: try JSONEncoder().encode(draft.roleMappings), as: UTF8.self)
        let domains = String(decoding: try JSONEncoder().encode(draft.trustedDomains), as: UTF8.self)
        let reach = min(UserStore.highestManagedRole(by: principal), .owner)
        do {
            return try await database.write { [sealer, singleSignOn] db in
                func answer(_ provider: IdentityProvider) -> IdentityProviders.Answer {
                    IdentityProviders.Answer(provider, redirectURI: singleSignOn.redirectURL(of: provider.id))
                }
                let old = try id.flatMap { try Self.find($0, of: organization, in: db) }
                if id != nil, old == nil { return nil }
                let row =
                    try id
                    ?? db.first(
                        """
                        INSERT INTO identity_providers (
                            organization_id, name, issuer, client_id, client_secret, default_role, role_rules, enabled,
                            created_at)
                        VALUES (\(organization), '', \(draft.issuer), '', '', '', '[]', 0, \(instant)) RETURNING id
                        """)?["id"]
                guard let row else { throw DatabaseError.statement("a new identity provider has no id") }
                let secret: String =
                    try draft.clientSecret.map {
                        try sealer.seal($0, for: SingleSignOn.identity(row))
                    } ?? old?.sealedSecret ?? ""
                try db.execute(
                    """
                    UPDATE identity_providers SET name = \(draft.name), issuer = \(draft.issuer),
                        client_id = \(draft.clientID), client_secret = \(secret), default_role = \(draft.defaultRole),
                        role_rules = \(rules), trusted_domains = \(domains), follows_roles = \(draft.updatesRoleAtSignIn),
                        shared_return = \(draft.usesSharedRedirect), saved_by = \(principal.user), reach = \(reach),
                        enabled = \(draft.isEnabled) WHERE id = \(row)
                    """)
                let new = try Self.find(row, of: organization, in: db)
                try AuditLog.record(
                    old == nil ? "identity_provider.create" : "identity_provider.update",
                    on: "identity provider \(row)", by: actor, of: organization, before: old.map(answer),
                    after: new.map(answer), now: instant, in: db)
                return new
            }
        } catch DatabaseError.duplicate {
            throw Problem.conflict(code: "issuer_taken", "Another identity provider already has this issuer.")
        }
    }

    func delete(_ id: IdentityProvider.ID, of organization: Organization.ID, by actor: Actor) async throws -> Bool {
        let instant = now()
        return try await database.write { [singleSignOn] db in
            guard let old = try Self.find(id, of: organization, in: db) else { return false }
            try db.execute("DELETE FROM identity_providers WHERE id = \(id)")
            try AuditLog.record(
                "identity_provider.delete", on: "identity provider \(id)", by: actor, of: organization,
                before: IdentityProviders.Answer(old, redirectURI: singleSignOn.redirectURL(of: id)), now: instant,
                in: db
            )
            return true
        }
    }

    /// Limits the providers that a former owner saved last to admins, until an owner saves them again. Runs in the
    /// caller's transaction.
    /// - Parameter kept: The organization in which the user is still an owner.
    static func lowerMaxRole(savedBy user: User.ID, except kept: Organization.ID? = nil, in db: Connection) throws {
        try db.execute(
            """
            UPDATE identity_providers SET reach = \(Role.admin), saved_by = NULL
            WHERE saved_by = \(user) AND reach = \(Role.owner) AND organization_id <> \(kept?.rawValue ?? 0)
            """)
    }

    func test(_ provider: IdentityProvider) async throws -> OpenIDError? {
        do throws(OpenIDError) {
            let client: OpenIDClient
            do { client = try singleSignOn.client(provider) } catch { throw .refused("the secret cannot be opened") }
            try await client.test()
            return nil
        } catch {
            return error
        }
    }
}

import API
import BoundaryText
import Database
import Foundation
import WebSupport

/// Stores tenants and users' customer limits.
public struct TenantStore: Sendable {
    /// Why an operation is refused.
    enum Refusal: Error, Sendable, Equatable {
        case notFound
        case nameTaken
        /// The company belongs to another tenant, whose name is given.
        case companyTaken(String)

        var problem: Problem {
            switch self {
            case .notFound: .notFound("tenant")
            case .nameTaken: .conflict(code: "name_taken", "Another customer already has this name.")
            case .companyTaken(let name):
                .conflict(code: "company_taken", "This company already belongs to the customer \(name).")
            }
        }
    }

    /// The values of a tenant to save.
    struct Draft: Sendable {
        var name: String
        var psaCompany: String?
        var psaCompanyName: String?
        var isActive = true
    }

    private let database: Database
    private let now: @Sendable () -> Date

    /// - Parameter now: The wall clock.
    public init(database: Database, now: @escaping @Sendable () -> Date = { Date() }) {
        self.database = database
        self.now = now
    }

    /// An organization's tenants, oldest first.
    /// - Parameters:
    ///   - search: Part of the name.
    ///   - limits: The tenants that the caller is limited to; nil without a customer limit.
    func list(
        of organization: Organization.ID, search: String?, isActive: Bool?, limits: [Tenant]?, page: PageRequest
    ) async throws -> Page<Tenant> {
        var query: SQL = """
            SELECT * FROM tenants WHERE organization_id = \(organization) AND id > \(page.after?.number ?? 0)
            """
        if let limits {
            guard !limits.isEmpty else { return Page([], limit: page.limit) { "\($0.id)" } }
            query += " AND id IN (\(list: limits.map(\.id)))"
        }
        if let isActive { query += " AND active = \(isActive)" }
        if let search { query += " AND name_key LIKE \(Self.pattern(search)) ESCAPE '!'" }
        query += " ORDER BY id LIMIT \(page.limit + 1)"
        let selection = query
        return Page(try await database.read { try $0.all(selection, as: Tenant.self) }, limit: page.limit) {
            "\($0.id)"
        }
    }

    private static func pattern(_ search: String) -> String {
        "%\(search.lowercased().escapedForLike)%"
    }

    /// Finds one of an organization's tenants; nil if it does not exist.
    func find(_ id: Tenant.ID, of organization: Organization.ID) async throws -> Tenant? {
        try await database.read { try Tenant.find(id, of: organization, in: $0) }
    }

    func create(_ draft: Draft, for request: SignedInRequest) async throws -> Tenant {
        let (organization, instant) = (request.principal.organization, now())
        return try await database.write { db in
            // Two concurrent requests must not both find the name or company free.
            try db.lock("tenants:\(organization)")
            try Self.check(draft, except: nil, of: organization, in: db)
            let made = try db.first(
                """
                INSERT INTO tenants (
                    organization_id, name, name_key, psa_company_id, psa_company_name, active, created_at)
                VALUES (
                    \(organization), \(draft.name), \(draft.name.lowercased()), \(orNull: draft.psaCompany),
                    \(orNull: draft.psaCompanyName), \(draft.isActive), \(instant))
                RETURNING *
                """, as: Tenant.self)
            guard let made else { throw DatabaseError.statement("a new tenant is gone") }
            try request.record(
                "tenant.create", on: "tenant \(made.id)", after: Tenants.Answer(made), now: instant, in: db)
            return made
        }
    }

    func update(
        _ id: Tenant.ID, for request: SignedInRequest, _ change: @escaping @Sendable (inout Draft) -> Void
    ) async throws -> Tenant {
        let (organization, instant) = (request.principal.organization, now())
        return try await database.write { db in
            try db.lock("tenants:\(organization)")
            guard let old = try Tenant.find(id, of: organization, in: db) else { throw Refusal.notFound }
            var draft = Draft(
                name: old.name, psaCompany: old.psaCompany, psaCompanyName: old.psaCompanyName, isActive: old.isActive)
            change(&draft)
            try Self.check(draft, except: id, of: organization, in: db)
            try db.execute(
                """
                UPDATE tenants SET name = \(draft.name), name_key = \(draft.name.lowercased()),
                    psa_company_id = \(orNull: draft.psaCompany), psa_company_name = \(orNull: draft.psaCompanyName),
                    active = \(draft.isActive) WHERE id = \(id)
                """)
            guard let new = try Tenant.find(id, of: organization, in: db) else { throw Refusal.notFound }
            try request.record(
                "tenant.update", on: "tenant \(id)", before: Tenants.Answer(old), after: Tenants.Answer(new),
                now: instant,
                in: db)
            return new
        }
    }

    func delete(_ id: Tenant.ID, for request: SignedInRequest) async throws {
        let (organization, instant) = (request.principal.organization, now())
        try await database.write { db in
            guard let old = try Tenant.find(id, of: organization, in: db) else { throw Refusal.notFound }
            try db.execute("DELETE FROM tenants WHERE id = \(id)")
            // Its own connections were deleted with it and must no longer be used.
            db.signal(Signal(rawValue: "connections"))
            try request.record("tenant.delete", on: "tenant \(id)", before: Tenants.Answer(old), now: instant, in: db)
        }
    }

    private static func check(
        _ draft: Draft, except id: Tenant.ID?, of organization: Organization.ID, in db: Connection
    ) throws {
        let others: SQL = "organization_id = \(organization) AND id <> \(id ?? 0)"
        guard
            try db.first("SELECT id FROM tenants WHERE \(others) AND name_key = \(draft.name.lowercased())") == nil
        else { throw Refusal.nameTaken }
        guard let company = draft.psaCompany,
            let other: String = try db.first(
                "SELECT name FROM tenants WHERE \(others) AND psa_company_id = \(company)")?["name"]
        else { return }
        throw Refusal.companyTaken(other)
    }

    // MARK: Customer limits

    /// The tenants that a user is limited to; nil without a customer limit.
    /// - Throws: ``UserStore/Refusal/notFound`` if there is no such user.
    func limits(of user: User.ID, of organization: Organization.ID) async throws -> [Tenant]? {
        try await database.read { db in
            guard
                let limited: Bool = try db.first(
                    "SELECT limited FROM users WHERE id = \(user) AND organization_id = \(organization)")?["limited"]
            else { throw UserStore.Refusal.notFound }
            return limited ? try Tenant.limits(of: user, in: db) : nil
        }
    }

    /// Limits a user to tenants; nil removes the limit.
    func limit(_ user: User.ID, to tenants: [Tenant.ID]?, for request: SignedInRequest) async throws {
        let (principal, instant) = (request.principal, now())
        try await database.write { db in
            let found = try UserStore.managed(user, of: principal.organization, by: principal, in: db)
            let wanted = Array(Set(tenants ?? [])).sorted { $0.rawValue < $1.rawValue }
            for tenant in wanted {
                guard try Tenant.find(tenant, of: principal.organization, in: db) != nil else {
                    throw Problem.invalid([
                        .init(field: "tenant_ids", code: "wrong_value", message: "there is no customer \(tenant).")
                    ])
                }
            }
            if tenants != nil, found.role > .engineer {
                // A user who manages users could remove their own limit.
                throw Problem.invalid([
                    .init(
                        field: "tenant_ids", code: "wrong_value",
                        message: "only viewers and engineers can be limited.")
                ])
            }
            try db.execute("UPDATE users SET limited = \(tenants != nil), version = version + 1 WHERE id = \(user)")
            try db.execute("DELETE FROM user_tenants WHERE user_id = \(user)")
            for tenant in wanted {
                try db.execute("INSERT INTO user_tenants (user_id, tenant_id) VALUES (\(user), \(tenant))")
            }
            try request.record(
                "user.limit", on: "user \(user)", after: ["tenant_ids": tenants.map { _ in wanted.map(\.rawValue) }],
                now: instant, in: db)
        }
    }
}

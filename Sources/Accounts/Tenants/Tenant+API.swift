import API
import BoundaryText
import Foundation
import Hummingbird
import WebSupport

/// The operations on tenants.
func tenantRoutes(_ tenants: TenantStore) -> [Route] {
    [
        Route(
            .get, "/tenants", .viewer, "Lists the customers that the caller may see",
            query: [
                QueryParameter("search", .text, "a part of the name"),
                QueryParameter("active", .flag, "only active ones, or only the others"),
            ], gives: .page(TenantAnswer.self), reach: .tenants
        ) { request in
            let isActive = try request.query("active", "true or false") { Bool($0) }
            let page = try await tenants.list(
                of: request.principal.organization, search: request.query("search"), isActive: isActive,
                limits: request.principal.tenants, page: request.page())
            return .json(page.map(TenantAnswer.init))
        },
        Route(
            .post, "/tenants", .admin, "Makes a customer", takes: NewTenant.self, gives: .made(TenantAnswer.self)
        ) { request in
            let draft = try await request.body(NewTenant.self).draft()
            let made = try await refusing { try await tenants.create(draft, for: request) }
            return .made(TenantAnswer(made), at: "/api/v1/tenants/\(made.id)")
        },
        Route(.get, "/tenants/{tenant}", .viewer, "Shows a customer", gives: .one(TenantAnswer.self), reach: .tenants) {
            request in
            guard let tenant = request.tenant else { throw Problem.notFound("tenant") }
            return .json(TenantAnswer(tenant))
        },
        Route(
            .patch, "/tenants/{tenant}", .admin,
            "Changes a customer; an empty psa_company_id takes the company away, psa_company_name goes with it",
            takes: TenantChange.self, gives: .one(TenantAnswer.self)
        ) { request in
            let body = try await request.body(TenantChange.self)
            try body.check()
            let id: Tenant.ID = try request.id("tenant", of: "tenant")
            let changed = try await refusing { try await tenants.update(id, for: request, body.apply) }
            return .json(TenantAnswer(changed))
        },
        Route(
            .delete, "/tenants/{tenant}", .admin, "Removes a customer with its own connection to the ticketing system",
            gives: .nothing
        ) { request in
            let id: Tenant.ID = try request.id("tenant", of: "tenant")
            try await refusing { try await tenants.delete(id, for: request) }
            return Response(status: .noContent)
        },
        Route(
            .get, "/users/{id}/tenants", .admin, "Shows to which customers a user is limited", gives: .one(Limits.self)
        ) { request in
            let user: User.ID = try request.id(of: "user")
            let limits = try await refusingUser {
                try await tenants.limits(of: user, of: request.principal.organization)
            }
            return .json(Limits(tenants: limits?.map(\.id)))
        },
        Route(
            .put, "/users/{id}/tenants", .admin,
            "Limits a viewer or engineer to customers; null ends the limit, an empty list leaves nothing",
            takes: Limits.self, gives: .one(Limits.self)
        ) { request in
            let user: User.ID = try request.id(of: "user")
            let body = try await request.body(Limits.self)
            try await refusingUser { try await tenants.limit(user, to: body.tenants, for: request) }
            return .json(body)
        },
    ]
}

private func refusing<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
        return try await body()
    } catch let refusal as TenantStore.Refusal {
        throw refusal.problem
    }
}

private func refusingUser<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
        return try await body()
    } catch let refusal as UserStore.Refusal {
        throw refusal.problem
    }
}

private struct Limits: JSONBody, Codable {
    enum CodingKeys: String, CodingKey, CaseIterable { case tenants }

    let tenants: [Tenant.ID]?

    init(tenants: [Tenant.ID]?) {
        self.tenants = tenants
    }

    /// Null ends a limit, and so has to be said: a member that was forgotten must not.
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        tenants = try container.decode([Tenant.ID]?.self, forKey: .tenants)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(tenants, forKey: .tenants)
    }
}

private struct NewTenant: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, active
        case psaCompany = "psa_company_id"
        case psaCompanyName = "psa_company_name"
    }

    static let lengths = ["name": 100, "psa_company_name": 200]

    let name: String
    let active: Bool?
    let psaCompany: String?
    let psaCompanyName: String?

    func draft() throws(Problem) -> TenantStore.Draft {
        try TenantChange.check(name, psaCompany, psaCompanyName)
        return TenantStore.Draft(
            name: name.trimmingCharacters(in: .whitespacesAndNewlines), psaCompany: psaCompany.flatMap(noneIfEmpty),
            psaCompanyName: psaCompanyName.flatMap(noneIfEmpty), isActive: active ?? true)
    }
}

private func noneIfEmpty(_ text: String) -> String? { text.isEmpty ? nil : text }

private struct TenantChange: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, active
        case psaCompany = "psa_company_id"
        case psaCompanyName = "psa_company_name"
    }

    static let lengths = ["name": 100, "psa_company_name": 200]

    let name: String?
    let active: Bool?
    let psaCompany: String?
    let psaCompanyName: String?

    func check() throws(Problem) { try Self.check(name, psaCompany, psaCompanyName) }

    static func check(_ name: String?, _ company: String?, _ companyName: String?) throws(Problem) {
        var errors: [Problem.FieldError] = []
        if let name, !(1...100).contains(name.trimmingCharacters(in: .whitespacesAndNewlines).unicodeScalars.count) {
            errors.append(.init(field: "name", code: "length", message: "must have 1 to 100 characters."))
        }
        // Written otherwise, such as 0205, it would be the same company a second time.
        if let company, !company.isEmpty, Int32(company).map({ $0 > 0 && "\($0)" == company }) != true {
            errors.append(
                .init(
                    field: "psa_company_id", code: "wrong_value",
                    message: "must be the number of a company of the ticketing system."))
        }
        if company == nil, companyName != nil {
            errors.append(
                .init(
                    field: "psa_company_name", code: "wrong_value",
                    message: "is the name of the company in psa_company_id; send both."))
        }
        guard errors.isEmpty else { throw .invalid(errors) }
    }

    func apply(_ draft: inout TenantStore.Draft) {
        if let name { draft.name = name.trimmingCharacters(in: .whitespacesAndNewlines) }
        if let active { draft.isActive = active }
        if let psaCompany {
            draft.psaCompany = noneIfEmpty(psaCompany)
            draft.psaCompanyName = psaCompanyName.flatMap(noneIfEmpty)
        }
    }
}

struct TenantAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, name, active
        case psaCompany = "psa_company_id"
        case psaCompanyName = "psa_company_name"
        case createdAt = "created_at"
    }

    let id: Tenant.ID
    let name: String
    let active: Bool
    let psaCompany: String?
    let psaCompanyName: String?
    let createdAt: Date

    init(_ tenant: Tenant) {
        id = tenant.id
        name = tenant.name
        active = tenant.isActive
        psaCompany = tenant.psaCompany
        psaCompanyName = tenant.psaCompanyName
        createdAt = tenant.createdAt
    }
}

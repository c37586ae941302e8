import API
import BoundaryText
import Foundation
import WebSupport

/// The operations on tenants and on users' customer limits.
func tenantRoutes(_ tenants: TenantStore) -> [Route] {
    [
        Route(Tenants.list, reach: .tenants) { request in
            let isActive = try request.query(.active, "true or false") { Bool($0) }
            return try await tenants.list(
                of: request.principal.organization, search: request.query(.search), isActive: isActive,
                limits: request.principal.tenants, page: request.page()
            ).map(Tenants.Answer.init)
        },
        Route(Tenants.create) { request in
            let draft = try await request.body().draft()
            return Tenants.Answer(try await refusing { try await tenants.create(draft, for: request.signedIn) })
        },
        Route(Tenants.show, of: "tenant", reach: .tenants) { request in
            guard let tenant = request.tenant else { throw Problem.notFound("tenant") }
            return Tenants.Answer(tenant)
        },
        Route(Tenants.update, of: "tenant") { request in
            let body = try await request.body()
            try check(body.name, body.psaCompany, body.psaCompanyName)
            return Tenants.Answer(
                try await refusing { try await tenants.update(request.place, for: request.signedIn, body.apply) })
        },
        Route(Tenants.delete, of: "tenant") { request in
            try await refusing { try await tenants.delete(request.place, for: request.signedIn) }
        },
        Route(Users.showLimits, of: "user") { request in
            let limits = try await refusingUser {
                try await tenants.limits(of: request.place, of: request.principal.organization)
            }
            return Users.Limits(tenants: limits?.map(\.id))
        },
        Route(Users.updateLimits, of: "user") { request in
            let body = try await request.body()
            try await refusingUser {
                try await tenants.limit(request.place, to: body.tenants, for: request.signedIn)
            }
            return body
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

private func noneIfEmpty(_ text: String) -> String? { text.isEmpty ? nil : text }

private func check(_ name: String?, _ company: String?, _ companyName: String?) throws(Problem) {
    var errors: [Problem.FieldError] = []
    if let name, !(1...100).contains(name.trimmingCharacters(in: .whitespacesAndNewlines).unicodeScalars.count) {
        errors.append(.init(field: "name", code: "length", message: "must have 1 to 100 characters."))
    }
    // Another spelling, such as 0205, would allow the same company a second time.
    if let company, !company.isEmpty, Int32(company).map({ $0 > 0 && "\($0)" == company }) != true {
        errors.append(
            .init(field: "psa_company_id", code: "wrong_value", message: "must be the number of a company in the PSA."))
    }
    if company == nil, companyName != nil {
        errors.append(
            .init(
                field: "psa_company_name", code: "wrong_value",
                message: "is the name of the company in psa_company_id; send both."))
    }
    guard errors.isEmpty else { throw .invalid(errors) }
}

extension Tenants.New {
    fileprivate func draft() throws(Problem) -> TenantStore.Draft {
        try check(name, psaCompany, psaCompanyName)
        return TenantStore.Draft(
            name: name.trimmingCharacters(in: .whitespacesAndNewlines), psaCompany: psaCompany.flatMap(noneIfEmpty),
            psaCompanyName: psaCompanyName.flatMap(noneIfEmpty), isActive: active ?? true)
    }
}

extension Tenants.Change {
    @Sendable fileprivate func apply(_ draft: inout TenantStore.Draft) {
        if let name { draft.name = name.trimmingCharacters(in: .whitespacesAndNewlines) }
        if let active { draft.isActive = active }
        if let psaCompany {
            draft.psaCompany = noneIfEmpty(psaCompany)
            draft.psaCompanyName = psaCompanyName.flatMap(noneIfEmpty)
        }
    }
}

extension Tenants.Answer {
    init(_ tenant: Tenant) {
        self.init(
            id: tenant.id, name: tenant.name, active: tenant.isActive, psaCompany: tenant.psaCompany,
            psaCompanyName: tenant.psaCompanyName, createdAt: tenant.createdAt)
    }
}

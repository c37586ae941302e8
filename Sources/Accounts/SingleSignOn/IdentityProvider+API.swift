import BoundaryText
import Foundation
import Hummingbird
import WebSupport

/// The operations on identity providers. For owners: who names an issuer decides whom it takes for an administrator.
func providerRoutes(_ providers: IdentityProviders) -> [Route] {
    [
        Route(
            .get, "/identity-providers", .owner, "Lists identity providers", gives: .page(ProviderAnswer.self)
        ) { request in
            let page = try await providers.list(of: request.principal.organization, page: request.page())
            return .json(page.map(ProviderAnswer.init))
        },
        Route(
            .post, "/identity-providers", .owner, "Adds an OpenID Connect identity provider",
            takes: NewProvider.self, gives: .made(ProviderAnswer.self)
        ) { request in
            let draft = try await request.body(NewProvider.self).draft()
            let made = try await providers.save(
                draft, as: nil, of: request.principal.organization, by: request.actor)
            guard let made else { throw Problem.notFound("identity provider") }
            return .made(ProviderAnswer(made), at: "/api/v1/identity-providers/\(made.id)")
        },
        Route(
            .get, "/identity-providers/{id}", .owner, "Shows an identity provider", gives: .one(ProviderAnswer.self)
        ) { request in
            .json(ProviderAnswer(try await found(request, providers)))
        },
        Route(
            .patch, "/identity-providers/{id}", .owner, "Changes an identity provider",
            takes: ProviderChange.self, gives: .one(ProviderAnswer.self)
        ) { request in
            let old = try await found(request, providers)
            let draft = try await request.body(ProviderChange.self).applied(to: old)
            let changed = try await providers.save(draft, as: old.id, of: old.organization, by: request.actor)
            guard let changed else { throw Problem.notFound("identity provider") }
            return .json(ProviderAnswer(changed))
        },
        Route(
            .delete, "/identity-providers/{id}", .owner,
            "Removes an identity provider; people who came that way keep their accounts", gives: .nothing
        ) { request in
            let id: IdentityProvider.ID = try request.id(of: "identity provider")
            guard try await providers.delete(id, of: request.principal.organization, by: request.actor) else {
                throw Problem.notFound("identity provider")
            }
            return Response(status: .noContent)
        },
        Route(
            .post, "/identity-providers/{id}/test", .owner, "Asks the issuer for its configuration and keys",
            gives: .one(ProviderTest.self)
        ) { request in
            let provider = try await found(request, providers)
            let error = try await providers.test(provider)
            return .json(ProviderTest(ok: error == nil, message: error.map { "\($0)" } ?? "The issuer answers."))
        },
    ]
}

private func found(_ request: SignedInRequest, _ providers: IdentityProviders) async throws -> IdentityProvider {
    let id: IdentityProvider.ID = try request.id(of: "identity provider")
    guard let provider = try await providers.find(id, of: request.principal.organization) else {
        throw Problem.notFound("identity provider")
    }
    return provider
}

private struct ProviderTest: Codable {
    let ok: Bool
    let message: String
}

private enum ProviderKeys: String, CodingKey, CaseIterable {
    case name, issuer, enabled
    case clientID = "client_id"
    case clientSecret = "client_secret"
    case defaultRole = "default_role"
    case roleRules = "role_rules"
}

private struct NewProvider: JSONBody {
    typealias CodingKeys = ProviderKeys

    let name: String
    let issuer: String
    let clientID: String
    let clientSecret: String
    let defaultRole: Role?
    let roleRules: [IdentityProvider.RoleRule]?
    let enabled: Bool?

    func draft() throws(Problem) -> IdentityProviders.Draft {
        let draft = IdentityProviders.Draft(
            name: name, issuer: issuer, clientID: clientID, clientSecret: clientSecret,
            defaultRole: defaultRole ?? .viewer, roleRules: roleRules ?? [], isEnabled: enabled ?? true)
        try draft.check()
        return draft
    }
}

private struct ProviderChange: JSONBody {
    typealias CodingKeys = ProviderKeys

    let name: String?
    let issuer: String?
    let clientID: String?
    let clientSecret: String?
    let defaultRole: Role?
    let roleRules: [IdentityProvider.RoleRule]?
    let enabled: Bool?

    func applied(to old: IdentityProvider) throws(Problem) -> IdentityProviders.Draft {
        let draft = IdentityProviders.Draft(
            name: name ?? old.name, issuer: issuer ?? old.issuer, clientID: clientID ?? old.clientID,
            clientSecret: clientSecret, defaultRole: defaultRole ?? old.defaultRole,
            roleRules: roleRules ?? old.roleRules, isEnabled: enabled ?? old.isEnabled)
        try draft.check()
        // The secret goes to the issuer: who names another one must know it.
        guard draft.issuer == old.issuer || clientSecret != nil else {
            throw .invalid([
                .init(
                    field: "client_secret", code: "required", message: "has to be entered again for another issuer.")
            ])
        }
        return draft
    }
}

extension IdentityProviders.Draft {
    fileprivate func check() throws(Problem) {
        var errors: [Problem.FieldError] = []
        func length(_ field: String, _ text: String, _ range: ClosedRange<Int>) {
            guard !range.contains(text.unicodeScalars.count) else { return }
            errors.append(
                .init(
                    field: field, code: "length",
                    message: "must have \(range.lowerBound) to \(range.upperBound) characters."))
        }
        length("name", name, 1...60)
        length("client_id", clientID, 1...200)
        if let clientSecret { length("client_secret", clientSecret, 1...500) }
        let url = URLComponents(string: issuer)
        if issuer.utf8.count > 300 || (url?.scheme != "https" && url?.scheme != "http") || url?.host?.isEmpty != false
            || url?.query != nil || url?.fragment != nil
        {
            errors.append(
                .init(
                    field: "issuer", code: "wrong_value",
                    message:
                        "must be the issuer's https address, such as https://login.microsoftonline.com/TENANT/v2.0."
                ))
        }
        if defaultRole > .admin || roleRules.contains(where: { $0.role > .admin }) {
            errors.append(
                .init(
                    field: defaultRole > .admin ? "default_role" : "role_rules", code: "too_large",
                    message: "must not be above admin; owners are made by owners."))
        }
        if roleRules.count > 50
            || roleRules.contains(where: { $0.value.isEmpty || $0.value.unicodeScalars.count > 200 })
        {
            errors.append(
                .init(
                    field: "role_rules", code: "length",
                    message: "must be at most 50, each with a value of 1 to 200 characters."))
        }
        guard errors.isEmpty else { throw .invalid(errors) }
    }
}

struct ProviderAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, name, issuer, enabled
        case clientID = "client_id"
        case defaultRole = "default_role"
        case roleRules = "role_rules"
        case createdAt = "created_at"
    }

    let id: IdentityProvider.ID
    let name: String
    let issuer: String
    let clientID: String
    let defaultRole: Role
    let roleRules: [IdentityProvider.RoleRule]
    let enabled: Bool
    let createdAt: Date

    init(_ provider: IdentityProvider) {
        id = provider.id
        name = provider.name
        issuer = provider.issuer
        clientID = provider.clientID
        defaultRole = provider.defaultRole
        roleRules = provider.roleRules
        enabled = provider.isEnabled
        createdAt = provider.createdAt
    }
}

import API
import BoundaryText
import Foundation
import Hummingbird
import Outbound
import WebSupport

/// The operations on identity providers. For owners: who names an issuer decides whom it takes for an administrator.
func providerRoutes(_ providers: IdentityProviders) -> [Route] {
    [
        Route(
            .get, "/identity-providers", .owner, "Lists identity providers", gives: .page(ProviderAnswer.self)
        ) { request in
            let page = try await providers.list(of: request.principal.organization, page: request.page())
            return .json(page.map { answer($0, providers) })
        },
        Route(
            .post, "/identity-providers", .owner, "Adds an OpenID Connect identity provider",
            takes: NewProvider.self, gives: .made(ProviderAnswer.self)
        ) { request in
            let draft = try await request.body(NewProvider.self).draft()
            let made = try await providers.save(draft, as: nil, by: request.principal, request.actor)
            guard let made else { throw Problem.notFound("identity provider") }
            return .made(answer(made, providers), at: "/api/v1/identity-providers/\(made.id)")
        },
        Route(
            .get, "/identity-providers/{id}", .owner, "Shows an identity provider", gives: .one(ProviderAnswer.self)
        ) { request in
            .json(answer(try await found(request, providers), providers))
        },
        Route(
            .patch, "/identity-providers/{id}", .owner,
            "Changes an identity provider; whoever saves it vouches for it, so it reaches as far as that person may manage",
            takes: ProviderChange.self, gives: .one(ProviderAnswer.self)
        ) { request in
            let old = try await found(request, providers)
            let draft = try await request.body(ProviderChange.self).applied(to: old)
            let changed = try await providers.save(draft, as: old.id, by: request.principal, request.actor)
            guard let changed else { throw Problem.notFound("identity provider") }
            return .json(answer(changed, providers))
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
            .post, "/identity-providers/{id}/test", .owner,
            "Asks the issuer for its configuration and keys, and says what went wrong at sign-ins",
            gives: .one(ProviderTest.self)
        ) { request in
            let provider = try await found(request, providers)
            let error = try await providers.test(provider)
            let words = [error.map { "\($0)" } ?? "The issuer answers."] + provider.complaints
            return .json(ProviderTest(ok: error == nil, message: words.joined(separator: " ")))
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

private func answer(_ provider: IdentityProvider, _ providers: IdentityProviders) -> ProviderAnswer {
    ProviderAnswer(provider, returnsTo: providers.singleSignOn.ownReturn(of: provider.id))
}

extension IdentityProvider {
    /// What its owner should do something about, in words.
    var complaints: [String] {
        var words: [String] = []
        if let lackedGroupsAt {
            words.append(
                "At \(APIJSON.text(lackedGroupsAt)) somebody had more groups than it puts into a token, so roles by group did not count. Have it send fewer groups, such as only those assigned to the application."
            )
        }
        if sharesReturn {
            words.append(
                "It still returns to the address that providers once shared. Register its own one with the provider, then switch over (shared_return: false)."
            )
        }
        if reach < .owner {
            words.append("It admits roles up to \(reach.rawValue); an owner who saves it again lets it admit owners.")
        }
        return words
    }
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
    case trustedDomains = "trusted_domains"
    case followsRoles = "follow_roles"
    case sharesReturn = "shared_return"
}

private let providerLengths = ["name": 60, "issuer": 300, "client_id": 200, "client_secret": 500, "value": 200]

private struct NewProvider: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, issuer, enabled
        case clientID = "client_id"
        case clientSecret = "client_secret"
        case defaultRole = "default_role"
        case roleRules = "role_rules"
        case trustedDomains = "trusted_domains"
        case followsRoles = "follow_roles"
    }

    static let lengths = providerLengths

    let name: String
    let issuer: String
    let clientID: String
    let clientSecret: String
    let defaultRole: Role?
    let roleRules: [IdentityProvider.RoleRule]?
    let trustedDomains: [String]?
    let followsRoles: Bool?
    let enabled: Bool?

    func draft() throws(Problem) -> IdentityProviders.Draft {
        let draft = IdentityProviders.Draft(
            name: name, issuer: issuer, clientID: clientID, clientSecret: clientSecret,
            defaultRole: defaultRole ?? .viewer, roleRules: roleRules ?? [],
            trustedDomains: (trustedDomains ?? []).map(\.asciiLowercased), followsRoles: followsRoles ?? false,
            sharesReturn: false, isEnabled: enabled ?? true)
        try draft.check()
        return draft
    }
}

private struct ProviderChange: JSONBody {
    typealias CodingKeys = ProviderKeys

    static let lengths = providerLengths

    let name: String?
    let issuer: String?
    let clientID: String?
    let clientSecret: String?
    let defaultRole: Role?
    let roleRules: [IdentityProvider.RoleRule]?
    let trustedDomains: [String]?
    let followsRoles: Bool?
    let sharesReturn: Bool?
    let enabled: Bool?

    func applied(to old: IdentityProvider) throws(Problem) -> IdentityProviders.Draft {
        let draft = IdentityProviders.Draft(
            name: name ?? old.name, issuer: issuer ?? old.issuer, clientID: clientID ?? old.clientID,
            clientSecret: clientSecret, defaultRole: defaultRole ?? old.defaultRole,
            roleRules: roleRules ?? old.roleRules,
            trustedDomains: trustedDomains?.map(\.asciiLowercased) ?? old.trustedDomains,
            followsRoles: followsRoles ?? old.followsRoles, sharesReturn: sharesReturn ?? old.sharesReturn,
            isEnabled: enabled ?? old.isEnabled)
        try draft.check()
        guard !draft.sharesReturn || old.sharesReturn else {
            throw .invalid([
                .init(field: "shared_return", code: "wrong_value", message: "can only be switched off.")
            ])
        }
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
        let address = WebAddress(issuer)
        if !issuer.fits(scalars: 300) || address == nil || address?.query != nil || address?.hasFragment != false {
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
        if roleRules.count > 50 || roleRules.contains(where: { $0.value.isEmpty || !$0.value.fits(scalars: 200) }) {
            errors.append(
                .init(
                    field: "role_rules", code: "length",
                    message: "must be at most 50, each with a value of 1 to 200 characters."))
        }
        if trustedDomains.count > 20 || !trustedDomains.allSatisfy(Self.isDomain) {
            errors.append(
                .init(
                    field: "trusted_domains", code: "wrong_value",
                    message: "must be at most 20 domains of e-mail addresses, such as example.com."))
        }
        guard errors.isEmpty else { throw .invalid(errors) }
    }

    private static func isDomain(_ text: String) -> Bool {
        EmailAddress(exactly: "someone@\(text)")?.domain == text && text.utf8.contains(UInt8(ascii: "."))
            && text.utf8.first != UInt8(ascii: ".") && text.utf8.last != UInt8(ascii: ".")
    }
}

struct ProviderAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, name, issuer, enabled
        case clientID = "client_id"
        case defaultRole = "default_role"
        case roleRules = "role_rules"
        case trustedDomains = "trusted_domains"
        case followsRoles = "follow_roles"
        case largestRole = "largest_role"
        case redirectURI = "redirect_uri"
        case sharesReturn = "shared_return"
        case lackedGroupsAt = "lacked_groups_at"
        case createdAt = "created_at"
    }

    let id: IdentityProvider.ID
    let name: String
    let issuer: String
    let clientID: String
    let defaultRole: Role
    let roleRules: [IdentityProvider.RoleRule]
    let trustedDomains: [String]
    let followsRoles: Bool
    let largestRole: Role
    let redirectURI: String
    let sharesReturn: Bool
    let lackedGroupsAt: Date?
    let enabled: Bool
    let createdAt: Date

    /// - Parameter redirect: the address to register with the provider.
    init(_ provider: IdentityProvider, returnsTo redirect: String) {
        id = provider.id
        name = provider.name
        issuer = provider.issuer
        clientID = provider.clientID
        defaultRole = provider.defaultRole
        roleRules = provider.roleRules
        trustedDomains = provider.trustedDomains
        followsRoles = provider.followsRoles
        largestRole = provider.reach
        redirectURI = redirect
        sharesReturn = provider.sharesReturn
        lackedGroupsAt = provider.lackedGroupsAt
        enabled = provider.isEnabled
        createdAt = provider.createdAt
    }
}

import API
import BoundaryText
import Foundation
import Outbound
import WebSupport

/// The operations on identity providers. Only owners may use them, because naming an issuer decides who can become
/// an admin.
func providerRoutes(_ providers: IdentityProviderStore) -> [Route] {
    @Sendable func answer(_ provider: IdentityProvider) -> IdentityProviders.Answer {
        IdentityProviders.Answer(provider, redirectURI: providers.singleSignOn.redirectURL(of: provider.id))
    }
    @Sendable func found<Body>(
        _ request: OperationRequest<IdentityProvider.ID, NoQuery, Body>
    ) async throws -> IdentityProvider {
        guard let provider = try await providers.find(request.place, of: request.principal.organization) else {
            throw Problem.notFound("identity provider")
        }
        return provider
    }
    return [
        Route(IdentityProviders.list) { request in
            try await providers.list(of: request.principal.organization, page: request.page()).map(answer)
        },
        Route(IdentityProviders.create) { request in
            let draft = try await request.body().draft()
            let made = try await providers.save(draft, as: nil, by: request.principal, request.actor)
            guard let made else { throw Problem.notFound("identity provider") }
            return answer(made)
        },
        Route(IdentityProviders.show, of: "identity provider") { answer(try await found($0)) },
        Route(IdentityProviders.update, of: "identity provider") { request in
            let old = try await found(request)
            let draft = try await request.body().applied(to: old)
            let changed = try await providers.save(draft, as: old.id, by: request.principal, request.actor)
            guard let changed else { throw Problem.notFound("identity provider") }
            return answer(changed)
        },
        Route(IdentityProviders.delete, of: "identity provider") { request in
            guard try await providers.delete(request.place, of: request.principal.organization, by: request.actor)
            else { throw Problem.notFound("identity provider") }
        },
        Route(IdentityProviders.test, of: "identity provider") { request in
            let provider = try await found(request)
            let error = try await providers.test(provider)
            let words = [error.map { "\($0)" } ?? "The issuer responds."] + provider.complaints
            return IdentityProviders.Test(ok: error == nil, message: words.joined(separator: " "))
        },
    ]
}

extension IdentityProvider {
    /// Problems that an owner should fix, in words.
    var complaints: [String] {
        var words: [String] = []
        if let groupsMissingAt {
            words.append(
                "At \(APIJSON.text(groupsMissingAt)) a user had more groups than fit into the provider's token, so roles by group were not applied. Configure it to send fewer groups, such as only those assigned to the application."
            )
        }
        if usesSharedRedirect {
            words.append(
                "It still uses the redirect address that all providers once shared. Register its own address with the provider, then set shared_redirect to false."
            )
        }
        if maxRole < .owner {
            words.append(
                "Users with a role above \(maxRole.rawValue) cannot sign in through it. To change this, an owner has to save it again."
            )
        }
        return words
    }
}

extension IdentityProviders.New {
    fileprivate func draft() throws(Problem) -> IdentityProviderStore.Draft {
        let draft = IdentityProviderStore.Draft(
            name: name, issuer: issuer, clientID: clientID, clientSecret: clientSecret,
            defaultRole: defaultRole ?? .viewer, roleMappings: roleMappings ?? [],
            trustedDomains: (trustedDomains ?? []).map(\.asciiLowercased),
            updatesRoleAtSignIn: updatesRoleAtSignIn ?? false, usesSharedRedirect: false, isEnabled: enabled ?? true)
        try draft.check()
        return draft
    }
}

extension IdentityProviders.Change {
    fileprivate func applied(to old: IdentityProvider) throws(Problem) -> IdentityProviderStore.Draft {
        let draft = IdentityProviderStore.Draft(
            name: name ?? old.name, issuer: issuer ?? old.issuer, clientID: clientID ?? old.clientID,
            clientSecret: clientSecret, defaultRole: defaultRole ?? old.defaultRole,
            roleMappings: roleMappings ?? old.roleMappings,
            trustedDomains: trustedDomains?.map(\.asciiLowercased) ?? old.trustedDomains,
            updatesRoleAtSignIn: updatesRoleAtSignIn ?? old.updatesRoleAtSignIn,
            usesSharedRedirect: usesSharedRedirect ?? old.usesSharedRedirect, isEnabled: enabled ?? old.isEnabled)
        try draft.check()
        guard !draft.usesSharedRedirect || old.usesSharedRedirect else {
            throw .invalid([
                .init(field: "shared_redirect", code: "wrong_value", message: "can only be set to false.")
            ])
        }
        // The secret is sent to the issuer, so changing the issuer requires knowing it.
        guard draft.issuer == old.issuer || clientSecret != nil else {
            throw .invalid([
                .init(field: "client_secret", code: "required", message: "is required when the issuer changes.")
            ])
        }
        return draft
    }
}

extension IdentityProviderStore.Draft {
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
        if defaultRole > .admin || roleMappings.contains(where: { $0.role > .admin }) {
            errors.append(
                .init(
                    field: defaultRole > .admin ? "default_role" : "role_mappings", code: "role_too_high",
                    message: "must not be above admin; only owners can give the role owner."))
        }
        if roleMappings.count > 50 || roleMappings.contains(where: { $0.value.isEmpty || !$0.value.fits(scalars: 200) })
        {
            errors.append(
                .init(
                    field: "role_mappings", code: "length",
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

extension IdentityProviders.Answer {
    init(_ provider: IdentityProvider, redirectURI: String) {
        self.init(
            id: provider.id, name: provider.name, issuer: provider.issuer, clientID: provider.clientID,
            defaultRole: provider.defaultRole, roleMappings: provider.roleMappings,
            trustedDomains: provider.trustedDomains, updatesRoleAtSignIn: provider.updatesRoleAtSignIn,
            maxRole: provider.maxRole, redirectURI: redirectURI, usesSharedRedirect: provider.usesSharedRedirect,
            groupsMissingAt: provider.groupsMissingAt, enabled: provider.isEnabled, createdAt: provider.createdAt)
    }
}

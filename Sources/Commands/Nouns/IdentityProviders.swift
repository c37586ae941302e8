import API
import ArgumentParser
import BoundaryText
import HTTPTypes

/// Issuers of identities.
enum IdentityProviders: Noun {
    private typealias Answer = API.IdentityProviders.Answer.CodingKeys
    private typealias Change = API.IdentityProviders.Change.CodingKeys
    private typealias New = API.IdentityProviders.New.CodingKeys

    static let resource = Resource(
        singular: "identity-provider", plural: "identity-providers",
        about: "An OpenID Connect provider through which users sign in.",
        list: Endpoint(API.IdentityProviders.list), show: Endpoint(API.IdentityProviders.show),
        create: Endpoint(API.IdentityProviders.create), update: Endpoint(API.IdentityProviders.update),
        delete: Endpoint(API.IdentityProviders.delete), test: Endpoint(API.IdentityProviders.test),
        naming: .members(Answer.name),
        columns: [
            .id, Column(Answer.name).key, Column(Answer.issuer), Column(Answer.clientID, "client ID").extra,
            Column(Answer.defaultRole, "role of new users"), Column(Answer.enabled, .yesNo),
        ],
        details: [
            Column(Answer.redirectURI, "redirect address"), Column(Answer.maxRole, "max role"),
            Column(Answer.trustedDomains, "trusted domains"),
            Column(Answer.updatesRoleAtSignIn, "updates role at sign-in", .yesNo),
            Column(Answer.usesSharedRedirect, "shared redirect", .yesNo),
            Column(Answer.groupsMissingAt, "groups missing", .instant),
            Column(Answer.createdAt, "created", .instant),
        ],
        creation: [
            Field(New.name, help: "Shown on the sign-in page's button.").required,
            Field(New.issuer, help: "The issuer's address, as in its tokens.").required, clientID.required,
            clientSecret.required, defaultRole,
            Field(New.trustedDomains, .texts, help: "Domains whose addresses are trusted without email_verified."),
        ] + updatesRole,
        change: [
            Field(
                Change.trustedDomains, .texts,
                help: "Domains whose addresses are trusted without email_verified; \"\" for none."),
            Field(
                Change.usesSharedRedirect, option: "no-shared-redirect", .sets(false),
                help: "Use the provider's own redirect address, once it is registered, instead of the shared one."),
            Field(Change.name, help: "Shown on the sign-in page's button."), clientID, clientSecret, defaultRole,
        ] + updatesRole + Field.onOff(Change.enabled, off: "disabled", onHelp: "Enable it.", offHelp: "Disable it."),
        switching: .enabling(Change.enabled, on: "Enable an identity provider.", off: "Disable an identity provider."),
        sample: .init(
            subject: "Entra",
            create: "--name Entra --issuer https://login.example.com/tenant/v2.0 --client-id 4711 --client-secret -",
            update: "--default-role viewer"))

    private static let clientID = Field(New.clientID, help: "The client id that the issuer gave Patchbay.")
    private static let clientSecret = Field(
        New.clientSecret, .secret(environment: "PATCHBAY_CLIENT_SECRET"), help: "The client secret.")
    private static let defaultRole = Field(
        New.defaultRole, .choice(roles.filter { !["owner", "super_admin"].contains($0) }),
        help: "The role of new users.")
    private static let updatesRole = Field.onOff(
        New.updatesRoleAtSignIn, on: "update-role-at-sign-in",
        onHelp: "Update a user's role from groups at each sign-in.",
        offHelp: "Groups decide the role of new users only.")

    private static let roles = Role.allCases.map(\.rawValue)
}

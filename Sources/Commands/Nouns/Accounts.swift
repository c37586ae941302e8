import API
import ArgumentParser
import BoundaryText
import HTTPTypes

private let roles = Role.allCases.map(\.rawValue)

/// Who signs in.
enum Users: Noun {
    private typealias Answer = API.Users.Answer.CodingKeys
    private typealias Change = API.Users.Change.CodingKeys
    private typealias Filter = API.Users.Filter
    private typealias New = API.Users.New.CodingKeys

    static let resource = Resource(
        singular: "user", plural: "users", about: "A person who signs in to Patchbay.",
        list: Endpoint(API.Users.list), show: Endpoint(API.Users.show), create: Endpoint(API.Users.create),
        update: Endpoint(API.Users.update), delete: Endpoint(API.Users.delete),
        naming: .members(Answer.email, Answer.name),
        columns: [
            .id, Column(Answer.email).key, Column(Answer.name), Column(Answer.role),
            Column(Answer.active, "can sign in", .yesNo),
            Column(Answer.pending, .yesNo).extra, Column(Answer.hasSecondFactor, "second factor", .yesNo).extra,
            Column(Answer.lastSignInAt, "last sign-in", .instant),
        ],
        details: [
            Column(Answer.hasPassword, "password", .yesNo), Column(Answer.identity),
            Column(Answer.pendingIdentity, "pending identity"),
            Column(Answer.createdAt, "created", .instant), Column(Answer.version, .number),
        ],
        filters: [Field(filter: Filter.search, help: "Only users whose name or e-mail address contains this text.")],
        creation: [
            Field(New.email, help: "E-mail address to sign in with.").required,
            Field(New.name, help: "The user's name.").required,
            Field(New.role, .choice(roles), help: "What the user may do.").required,
            Field(
                New.password, .secret(environment: "PATCHBAY_NEW_PASSWORD"),
                help: "The first password, to be changed at the first sign-in; none for users of an identity provider."),
        ],
        change: [
            Field(Change.name, help: "The user's name."),
            Field(Change.role, .choice(roles), help: "What the user may do."),
            Field(
                Change.identitySubject,
                help: "Links the pending identity, named by its subject; \"\" unlinks it."),
        ]
            + Field.onOff(
                Change.active, off: "inactive", onHelp: "Let the user sign in; approves a pending one.",
                offHelp: "Do not let the user sign in, and end all sign-ins."),
        switching: .activating(
            Change.active, on: "Let a user sign in; approves a pending one.",
            off: "Do not let a user sign in, and end all sign-ins."),
        sample: .init(
            subject: "ada@example.com", list: "--search ada",
            create: "--email ada@example.com --name Ada --role engineer --password -", update: "--role dispatcher"))

    static let more: [any ParsableCommand.Type] = [ResetPassword.self, ResetSecondFactor.self]
}

/// Which customers users are limited to.
enum UserLimits: Noun {
    private typealias Limits = API.Users.Limits.CodingKeys

    static let resource = Resource(
        singular: "user-limits", plural: "user-limits", about: "The customers that a viewer or engineer is limited to.",
        show: Endpoint(API.Users.showLimits), update: Endpoint(API.Users.updateLimits),
        part: Users.resource.reference, columns: [Column(Limits.tenants, "customers")],
        change: [
            Field(
                Limits.tenants, option: "tenants", .things(Tenants.resource.reference),
                help: "Only these customers, by id or name, separated by commas; \"\" for none at all."),
            Field(Limits.tenants, option: "none", .clears, help: "Remove the limit."),
        ],
        isReplaced: true,
        sample: .init(subject: "ada@example.com", update: "--tenants \"Copper Kettle,Bluebird\""))
}

/// MSPs that share the installation.
enum Organizations: Noun {
    private typealias Answer = API.Organizations.Answer.CodingKeys
    private typealias Change = API.Organizations.Change.CodingKeys
    private typealias New = API.Organizations.New.CodingKeys

    typealias Subject = OneOrYours

    static let resource = Resource(
        singular: "organization", plural: "organizations",
        about: "An MSP, with its own users, connections and rules.",
        list: Endpoint(API.Organizations.list), create: Endpoint(API.Organizations.create),
        naming: .members(Answer.name),
        columns: [
            .id, Column(Answer.name).key, Column(Answer.requiresSecondFactor, "second factor required", .yesNo),
            Column(Answer.createdAt, "created", .instant),
        ],
        creation: [Field(New.name, help: "The organization's name.").required],
        change: [Field(Change.name, help: "The organization's name.")]
            + Field.onOff(
                Change.requiresSecondFactor, on: "require-second-factor", onHelp: "Users need a second factor.",
                offHelp: "Users may sign in without a second factor."),
        sample: .init(subject: "\"Rivermark IT\"", create: "--name \"Rivermark IT\"", update: "--require-second-factor")
    )

    static let more: [any ParsableCommand.Type] = [
        ShowOrganization.self, UpdateOrganization.self, DeleteOrganization.self,
    ]
}

/// What is enabled.
enum FeatureFlags: Noun {
    private typealias Answer = API.FeatureFlags.Answer.CodingKeys

    static let resource = Resource(
        singular: "feature-flag", plural: "feature-flags", about: "Enables or disables a feature.",
        list: Endpoint(API.FeatureFlags.list), update: Endpoint(API.FeatureFlags.update),
        columns: [Column(Answer.name).key, Column(Answer.enabled, .yesNo).key, Column(Answer.summary, "what it is")],
        switching: .enabling(
            API.FeatureFlags.Change.CodingKeys.enabled, on: "Enable a feature.", off: "Disable a feature.",
            offIsAsked: true),
        sample: .init(subject: "bulk_assignment"))
}

/// Who did what.
enum AuditEntries: Noun {
    private typealias Answer = API.AuditEntries.Answer.CodingKeys
    private typealias Filter = API.AuditEntries.Filter

    static let resource = Resource(
        singular: "audit", plural: "audit", title: "audit entry", titles: "audit entries",
        about: "The audit log: who did what.", list: Endpoint(API.AuditEntries.list),
        columns: [
            Column(Answer.number, .number).key, Column(Answer.createdAt, "at", .instant), Column(Answer.actor).key,
            Column(Answer.authMethod, "method").extra, Column(Answer.ipAddress, "IP address").extra,
            Column(Answer.action).key,
            Column(Answer.target),
            Column(Answer.result),
        ],
        filters: [
            Field(filter: Filter.actor, help: "Only what this user did, by e-mail address."),
            Field(filter: Filter.action, help: "Only this action, such as rule.create, or rule for all of that kind."),
            Field(filter: Filter.target, help: "Only what was done to this thing, such as rule 12."),
            Field(filter: Filter.since, .instant(.back), help: "At this time or later."),
            Field(filter: Filter.until, .instant(.back), help: "Before this time."),
        ],
        sample: .init(list: "--actor ada@example.com --since 7d"))

    static let more: [any ParsableCommand.Type] = [ExportAudit.self, VerifyAudit.self]
}

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
}

import API
import ArgumentParser
import BoundaryText
import HTTPTypes

private let roles = Role.allCases.map(\.rawValue)

/// Who signs in.
enum Users: Noun {
    static let resource = Resource(
        singular: "user", plural: "users", about: "Who signs in to Patchbay.",
        list: Endpoint(API.Users.list), show: Endpoint(API.Users.show), create: Endpoint(API.Users.create),
        update: Endpoint(API.Users.update), delete: Endpoint(API.Users.delete), naming: ["email", "name"],
        columns: [
            .id, Column("email").key, Column("name"), Column("role"), Column("active", "can sign in", .yesNo),
            Column("pending", .yesNo).extra, Column("has_second_factor", "second factor", .yesNo).extra,
            Column("last_sign_in_at", "last sign-in", .instant),
        ],
        details: [
            Column("has_password", "password", .yesNo), Column("identity"),
            Column("pending_identity", "pending identity"),
            Column("created_at", "created", .instant), Column("version", .number),
        ],
        filters: [Field("search", help: "Only users whose name or e-mail address contains this text.")],
        creation: [
            Field("email", help: "E-mail address to sign in with.").required,
            Field("name", help: "The user's name.").required,
            Field("role", .choice(roles), help: "What the user may do.").required,
            Field(
                "password", .secret(environment: "PATCHBAY_NEW_PASSWORD"),
                help: "Has to be changed at the first sign-in; none for users of an identity provider."),
        ],
        change: [
            Field("name", help: "The user's name."), Field("role", .choice(roles), help: "What the user may do."),
            Field(
                "identity_subject",
                help: "Links the identity with this subject, which has to be the offered one; \"\" unlinks it."),
        ]
            + Field.onOff(
                "active", off: "inactive", onHelp: "Let the user sign in; approves a pending one.",
                offHelp: "Do not let the user sign in, and end all sign-ins."),
        switching: .activating(
            on: "Let a user sign in; approves a pending one.", off: "Do not let a user sign in, and end all sign-ins."),
        sample: .init(
            subject: "ada@example.com", list: "--search ada",
            create: "--email ada@example.com --name Ada --role engineer --password -", update: "--role dispatcher"))

    static let more: [any ParsableCommand.Type] = [ResetPassword.self, ResetSecondFactor.self]
}

/// Which customers users are limited to.
enum UserLimits: Noun {
    static let resource = Resource(
        singular: "user-limits", plural: "user-limits", about: "The customers that a viewer or engineer is limited to.",
        show: Endpoint(API.Users.showLimits), update: Endpoint(API.Users.updateLimits),
        part: Users.resource.reference, columns: [Column("tenant_ids", "customers")],
        change: [
            Field(
                "tenant_ids", option: "tenants", .things(Tenants.resource.reference),
                help: "Only these customers, by id or name, separated by commas; \"\" for none at all."),
            Field("tenant_ids", option: "none", .clears, help: "Remove the limit."),
        ],
        isReplaced: true,
        sample: .init(subject: "ada@example.com", update: "--tenants \"Copper Kettle,Bluebird\""))
}

/// MSPs that share the installation.
enum Organizations: Noun {
    typealias Subject = OneOrYours

    static let resource = Resource(
        singular: "organization", plural: "organizations",
        about: "An MSP, with its own users, connections and rules.",
        list: Endpoint(API.Organizations.list), create: Endpoint(API.Organizations.create), naming: ["name"],
        columns: [
            .id, Column("name").key, Column("requires_second_factor", "second factor required", .yesNo),
            Column("created_at", "created", .instant),
        ],
        creation: [Field("name", help: "The organization's name.").required],
        change: [Field("name", help: "The organization's name.")]
            + Field.onOff(
                "requires_second_factor", on: "require-second-factor", onHelp: "Users need a second factor.",
                offHelp: "Users may sign in without a second factor."),
        sample: .init(subject: "\"Rivermark IT\"", create: "--name \"Rivermark IT\"", update: "--require-second-factor")
    )

    static let more: [any ParsableCommand.Type] = [
        ShowOrganization.self, UpdateOrganization.self, DeleteOrganization.self,
    ]
}

/// What is enabled.
enum FeatureFlags: Noun {
    static let resource = Resource(
        singular: "feature-flag", plural: "feature-flags", about: "Enables or disables a feature.",
        list: Endpoint(API.FeatureFlags.list), update: Endpoint(API.FeatureFlags.update),
        columns: [Column("name").key, Column("enabled", .yesNo).key, Column("summary", "what it is")],
        switching: .enabling(on: "Enable a feature.", off: "Disable a feature.", offIsAsked: true),
        sample: .init(subject: "bulk_assignment"))
}

/// Who did what.
enum AuditEntries: Noun {
    static let resource = Resource(
        singular: "audit", plural: "audit", title: "audit entry", titles: "audit entries",
        about: "The audit log: who did what.", list: Endpoint(API.AuditEntries.list),
        columns: [
            Column("number", .number).key, Column("created_at", "at", .instant), Column("actor").key,
            Column("auth_method", "method").extra, Column("ip_address", "IP address").extra, Column("action").key,
            Column("target"),
            Column("result"),
        ],
        filters: [
            Field("actor", help: "Only what this user did, by e-mail address."),
            Field("action", help: "Only this action, such as rule.create, or rule for all of that kind."),
            Field("target", help: "Only what was done to this thing, such as rule 12."),
            Field("since", .instant(.back), help: "At this time or later."),
            Field("until", .instant(.back), help: "Before this time."),
        ],
        sample: .init(list: "--actor ada@example.com --since 7d"))

    static let more: [any ParsableCommand.Type] = [ExportAudit.self, VerifyAudit.self]
}

/// Issuers of identities.
enum IdentityProviders: Noun {
    static let resource = Resource(
        singular: "identity-provider", plural: "identity-providers",
        about: "An OpenID Connect provider through which users sign in.",
        list: Endpoint(API.IdentityProviders.list), show: Endpoint(API.IdentityProviders.show),
        create: Endpoint(API.IdentityProviders.create), update: Endpoint(API.IdentityProviders.update),
        delete: Endpoint(API.IdentityProviders.delete), test: Endpoint(API.IdentityProviders.test),
        naming: ["name"],
        columns: [
            .id, Column("name").key, Column("issuer"), Column("client_id", "client id").extra,
            Column("default_role", "role of new users"), Column("enabled", .yesNo),
        ],
        details: [
            Column("redirect_uri", "redirect address"), Column("max_role", "max role"),
            Column("trusted_domains", "trusted domains"),
            Column("update_role_at_sign_in", "updates role at sign-in", .yesNo),
            Column("shared_redirect", "shared redirect", .yesNo),
            Column("groups_missing_at", "groups missing", .instant),
            Column("created_at", "created", .instant),
        ],
        creation: [
            Field("name", help: "Stands on the button of the sign-in page.").required,
            Field("issuer", help: "The issuer's address, as in its tokens.").required, clientID.required,
            clientSecret.required, defaultRole,
            Field("trusted_domains", .texts, help: "Domains whose addresses are trusted without email_verified."),
        ] + updatesRole,
        change: [
            Field(
                "trusted_domains", .texts,
                help: "Domains whose addresses are trusted without email_verified; \"\" for none."),
            Field(
                "shared_redirect", option: "no-shared-redirect", .sets(false),
                help: "Use the provider's own redirect address, once it is registered, instead of the shared one."),
            Field("name", help: "Stands on the button of the sign-in page."), clientID, clientSecret, defaultRole,
        ] + updatesRole + Field.onOff("enabled", off: "disabled", onHelp: "Enable it.", offHelp: "Disable it."),
        switching: .enabling(on: "Enable an identity provider.", off: "Disable an identity provider."),
        sample: .init(
            subject: "Entra",
            create: "--name Entra --issuer https://login.example.com/tenant/v2.0 --client-id 4711 --client-secret -",
            update: "--default-role viewer"))

    private static let clientID = Field("client_id", help: "The client id that the issuer gave Patchbay.")
    private static let clientSecret = Field(
        "client_secret", .secret(environment: "PATCHBAY_CLIENT_SECRET"), help: "The client secret.")
    private static let defaultRole = Field(
        "default_role", .choice(roles.filter { !["owner", "super_admin"].contains($0) }),
        help: "The role of new users.")
    private static let updatesRole = Field.onOff(
        "update_role_at_sign_in", on: "update-role-at-sign-in",
        onHelp: "Update a user's role from groups at each sign-in.",
        offHelp: "Groups decide the role of new users only.")
}

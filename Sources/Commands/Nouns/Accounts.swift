import API
import BoundaryText

private let roles = Role.allCases.map(\.rawValue)

/// People who sign in.
enum Users: Noun {
    static let resource = Resource(
        singular: "user", plural: "users", path: "/api/v1/users",
        about: "A person who signs in, or in whose name a program does.",
        columns: [
            .id, Column("email"), Column("name"), Column("role"), Column("active", .yesNo), Column("pending", .yesNo),
            Column("has_second_factor", "second factor", .yesNo), Column("last_sign_in_at", "last sign-in", .instant),
        ],
        details: [
            Column("has_password", "password", .yesNo), Column("identity"),
            Column("pending_identity", "pending identity"),
            Column("created_at", "created", .instant), Column("version", .number),
        ],
        filters: [Field("search", help: "Only those with this in name or e-mail.")],
        creation: [
            Field("email", help: "To sign in with.").required, Field("name", help: "As shown to others.").required,
            Field("role", .choice(roles), help: "What the user may do.").required,
            Field(
                "password", .secret(environment: "PATCHBAY_NEW_PASSWORD"),
                help: "To be changed at the first sign-in; none for somebody who comes through an identity provider."),
        ],
        change: [
            Field("name", help: "As shown to others."), Field("role", .choice(roles), help: "What the user may do."),
            Field(
                "identity_subject",
                help: "Confirms that the subject of the identity offer is this user; \"\" ends the binding."),
        ]
            + Field.onOff(
                "active", off: "inactive", onHelp: "Let the user sign in; approves a pending one.",
                offHelp: "Keep the user out, and end all sessions."))
}

/// To which customers people are limited.
enum UserLimits: Noun {
    static let resource = Resource(
        singular: "user-limits", plural: "user-limits", path: Users.resource.path, below: "/tenants",
        about: "The customers that a viewer or engineer, named by the user's id, is limited to.",
        columns: [Column("tenant_ids", "customers")],
        change: [
            Field(
                "tenant_ids", option: "tenants", .integers,
                help: "Only these customers, by their ids; \"\" for none at all."),
            Field("tenant_ids", option: "none", .clears, help: "End the limit."),
        ],
        isReplaced: true)
}

/// MSPs that share the installation.
enum Organizations: Noun {
    static let resource = Resource(
        singular: "organization", plural: "organizations", path: "/api/v1/organizations",
        about: "An MSP, with its own users, connections and rules.",
        columns: [
            .id, Column("name"), Column("requires_second_factor", "second factor required", .yesNo),
            Column("created_at", "created", .instant),
        ],
        creation: [Field("name", help: "As people call it.").required])
}

/// What is switched on.
enum FeatureFlags: Noun {
    static let resource = Resource(
        singular: "feature-flag", plural: "feature-flags", path: "/api/v1/feature-flags",
        about: "A feature that is switched on or off for the organization.",
        columns: [Column("name"), Column("enabled", .yesNo), Column("summary", "what it is")],
        change: Field.onOff("enabled", off: "disabled", onHelp: "Switch it on.", offHelp: "Switch it off."))
}

/// Who did what.
enum AuditEntries: Noun {
    static let resource = Resource(
        singular: "audit-entry", plural: "audit", path: "/api/v1/audit",
        about: "A line of the record of who did what.",
        columns: [
            Column("number", .number), Column("created_at", "at", .instant), Column("actor"),
            Column("auth_method", "method"), Column("ip_address", "IP address"),
            Column("action"), Column("target"), Column("result"),
        ],
        filters: [
            Field("actor", help: "Only what this person did, by e-mail."),
            Field("action", help: "Only this action, such as rule.create, or rule for all of that kind."),
            Field("target", help: "Only what was done to this thing, such as rule 12."),
            Field("since", .instant(.back), help: "Not before this instant."),
            Field("until", .instant(.back), help: "Not after this instant."),
        ])
}

/// Issuers of identities.
enum IdentityProviders: Noun {
    static let resource = Resource(
        singular: "identity-provider", plural: "identity-providers", path: "/api/v1/identity-providers",
        about: "An OpenID Connect provider through which people sign in.",
        columns: [
            .id, Column("name"), Column("issuer"), Column("client_id", "client id"),
            Column("default_role", "role of new people"), Column("enabled", .yesNo),
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
            Field("issuer", help: "The issuer's address, as in its tokens.").required,
            Field("client_id", help: "How the issuer knows Patchbay.").required,
            Field(
                "client_secret", .secret(environment: "PATCHBAY_CLIENT_SECRET"),
                help: "What the issuer gave for that client."
            ).required,
            Field(
                "default_role", .choice(roles.filter { !["owner", "super_admin"].contains($0) }),
                help: "The role of new people."),
            Field(
                "trusted_domains", .texts, help: "Domains for whose addresses it is believed without email_verified."),
        ]
            + Field.onOff(
                "update_role_at_sign_in", onHelp: "Roles follow groups and domain at each sign-in.",
                offHelp: "Groups and domain decide for new people only."),
        change: [
            Field(
                "trusted_domains", .texts,
                help: "Domains for whose addresses it is believed without email_verified; \"\" for none."),
            Field(
                "shared_redirect", option: "no-shared-redirect", .sets(false),
                help: "Its own redirect address is registered; use it instead of the shared one."),
            Field("name", help: "Stands on the button of the sign-in page."),
            Field("client_id", help: "How the issuer knows Patchbay."),
            Field(
                "client_secret", .secret(environment: "PATCHBAY_CLIENT_SECRET"),
                help: "What the issuer gave for that client."),
            Field(
                "default_role", .choice(roles.filter { !["owner", "super_admin"].contains($0) }),
                help: "The role of new people."),
        ]
            + Field.onOff(
                "update_role_at_sign_in", onHelp: "Roles follow groups and domain at each sign-in.",
                offHelp: "Groups and domain decide for new people only.")
            + Field.onOff("enabled", off: "disabled", onHelp: "Switch it on.", offHelp: "Switch it off."))
}

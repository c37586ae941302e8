import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

private let roles = [Role.viewer, .engineer, .dispatcher, .admin]

/// The form of a provider. Role mappings and domains are text fields with an entry a line.
private struct ProviderForm {
    private static let mappings = "mappings"
    private static let domains = "domains"

    /// Nil for a new one.
    let provider: IdentityProviders.Answer?

    var fields: [Field] {
        typealias Member = IdentityProviders.Change.CodingKeys
        let isNew = provider == nil
        let shared = Field(
            Member.usesSharedRedirect, "Use the shared redirect address", .flag,
            help: "Turn this off once the redirect address above is registered with the provider.")
        return [
            Field(Member.name, "Name", help: "Shown on the button of the sign-in page.", focused: isNew),
            Field(Member.issuer, "Issuer", .url, help: "For Entra ID: https://login.microsoftonline.com/TENANT/v2.0"),
            Field(Member.clientID, "Client ID", autocomplete: "off"),
            Field(
                Member.clientSecret, "Client secret", isNew ? .password : .secret,
                help: isNew ? nil : "Leave blank to keep the current value.", optional: !isNew),
            Field(
                Member.defaultRole, "Role of new users", .choice(roles.map { ($0.rawValue, $0.label) }),
                help: "New users cannot sign in until an administrator approves them."),
            Field(
                Self.mappings, "Roles by group or domain", .area,
                help: "One per line: group NAME = admin, or domain example.com = engineer.", optional: true),
            Field(
                Self.domains, "Trusted domains", .area,
                help:
                    "Domains whose e-mail addresses this provider may vouch for, one per line. Required for Entra ID, which does not send email_verified. Only enter a domain if no one outside your organization can get an address in it there.",
                optional: true),
            Field(
                Member.updatesRoleAtSignIn, "Update roles at each sign-in", .flag,
                help: "Otherwise groups and domain only decide about new users. The last owner keeps the role."),
            Field(Member.enabled, "Enabled", .flag),
        ] + (provider?.usesSharedRedirect == true ? [shared] : [])
    }

    /// What is stored.
    func entries() throws -> Entries {
        guard let provider else {
            return Entries(["name": "Entra ID", "default_role": Role.viewer.rawValue, "enabled": "true"])
        }
        let mappings = provider.roleMappings.map { "\($0.kind.text) \($0.value) = \($0.role.text)" }
        return try Entries(provider, fields).with([
            Self.mappings: mappings.joined(separator: "\n"),
            Self.domains: provider.trustedDomains.joined(separator: "\n"),
        ])
    }

    /// What was typed, as the members that have a field of their own and the lists.
    func members<Member: CodingKey & Hashable>(
        _ entries: Entries, mappings: Member, domains: Member
    ) throws(Problem) -> [Member: JSON] {
        var members: [Member: JSON] = Form(action: "", fields: fields, entries: entries).members()
        let names = (entries[Self.domains] ?? "").splitScalars { $0.properties.isWhitespace || $0 == "," }
        members[domains] = .list(names.map { .text(String($0)) })
        let lines = (entries[Self.mappings] ?? "").lines.filter { !$0.isEmpty }
        members[mappings] = .list(try lines.map { line throws(Problem) in try Self.mapping(line) })
        return members
    }

    private static func mapping(_ line: Substring) throws(Problem) -> JSON {
        typealias Member = IdentityProviders.RoleMapping.CodingKeys
        let sides = line.splitBytes(on: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
        let left = (sides.first ?? "").splitBytes(on: " ", maxSplits: 1).map(String.init)
        guard sides.count == 2, left.count == 2, IdentityProviders.Criterion(rawValue: left[0]) != nil,
            roles.contains(where: { $0.rawValue == sides[1] })
        else {
            throw .invalid([
                .init(
                    field: mappings, code: "wrong_value",
                    message:
                        "cannot read “\(line)”. Enter group NAME = ROLE or domain NAME = ROLE, with viewer, engineer, dispatcher or admin."
                )
            ])
        }
        return .object([
            Member.kind.rawValue: .text(left[0]), Member.value.rawValue: .text(left[1]),
            Member.role.rawValue: .text(sides[1]),
        ])
    }
}

func providerPages() -> [PageRoute] {
    let list = PageRoute.get("/identity-providers", IdentityProviders.list.role) { visit in
        let page = try await visit.ask(IdentityProviders.list(limit: visit.limit, cursor: visit.cursor))
        let new: [Action] = [
            .link("New identity provider", "/identity-providers/new", style: "is-primary", icon: "plus-lg")
        ]
        return Page(
            title: "Identity providers",
            lead: "Let users sign in with Entra ID, Google or another OpenID Connect provider.",
            actions: new,
            blocks: [
                Table(
                    caption: "Identity providers", columns: ["Provider", "Role of new users", "State"],
                    rows: page.items.map { provider in
                        [
                            .main(provider.name, "/identity-providers/\(provider.id)", sub: provider.issuer),
                            .text(provider.defaultRole.label),
                            .badge(provider.enabled ? Badge(.good, "enabled") : Badge(.muted, "disabled")),
                        ]
                    },
                    empty: Empty(
                        icon: "shield-lock", title: "No identity providers yet",
                        text:
                            "Users sign in with a password and a second factor. With an identity provider they use an account that they already have.",
                        actions: new),
                    pager: visit.pager(page)
                ).block
            ])
    }
    let new = PageRoute.form("/identity-providers/new", IdentityProviders.create.role) { _, entries, problem in
        let form = ProviderForm(provider: nil)
        return Page(
            title: "New identity provider", crumb: ("Identity providers", "/identity-providers"),
            blocks: [
                Form(
                    action: "/identity-providers/new", fields: form.fields, submit: "Create identity provider",
                    cancel: "/identity-providers", entries: try entries ?? form.entries(), problem: problem
                ).block
            ])
    } send: { visit in
        let members = try ProviderForm(provider: nil).members(
            visit.entries, mappings: IdentityProviders.New.CodingKeys.roleMappings, domains: .trustedDomains)
        let made = try await visit.send(IdentityProviders.create(members))
        return .redirect("/identity-providers/\(made.id)", "\(made.name) was created. Test it now.")
    }
    return [list] + new + editPages() + [testPage]
        + Deletion.page(
            "/identity-providers/{id}/delete", IdentityProviders.delete, back: "/identity-providers",
            done: "Identity provider deleted."
        ) { visit, id in "Delete \(try await visit.ask(IdentityProviders.show(id)).name)?" }
}

private func editPages() -> [PageRoute] {
    PageRoute.form("/identity-providers/{id}", IdentityProviders.update.role) { visit, entries, problem in
        let provider = try await visit.ask(IdentityProviders.show(visit.place()))
        let form = ProviderForm(provider: provider)
        return Page(
            title: provider.name, crumb: ("Identity providers", "/identity-providers"),
            actions: [
                .post(
                    "Delete", "/identity-providers/\(provider.id)/delete", style: "is-danger", icon: "trash",
                    confirm: "Delete \(provider.name)? Users will no longer be able to sign in with it."),
                .post("Test", "/identity-providers/\(provider.id)/test", icon: "check2"),
            ],
            blocks: facts(provider, visit) + [
                Form(
                    action: "/identity-providers/\(provider.id)", fields: form.fields, cancel: "/identity-providers",
                    entries: try entries ?? form.entries(), problem: problem
                ).block
            ])
    } send: { visit in
        let provider = try await visit.ask(IdentityProviders.show(visit.place()))
        let members = try ProviderForm(provider: provider).members(
            visit.entries, mappings: IdentityProviders.Change.CodingKeys.roleMappings, domains: .trustedDomains)
        let changed = try await visit.send(IdentityProviders.update(provider.id, members))
        return .redirect("/identity-providers", "\(changed.name) saved.")
    }
}

private let testPage = PageRoute.post("/identity-providers/{id}/test", IdentityProviders.test.role) { visit in
    let id: IdentityProviders.ID = try visit.place()
    let test = try await visit.send(IdentityProviders.test(id))
    guard !test.ok else { return .redirect("/identity-providers/\(id)", test.message) }
    return .page(
        Page(
            title: "The test failed", crumb: ("Identity provider", "/identity-providers/\(id)"),
            actions: [.link("Back", "/identity-providers/\(id)")], blocks: [.notice(.bad, nil, test.message)]))
}

/// What has to be registered with the provider, where users begin, and what went wrong.
private func facts(_ provider: IdentityProviders.Answer, _ visit: Visit) -> [Block] {
    var blocks: [Block] = []
    if let instant = provider.groupsMissingAt {
        blocks.append(
            .notice(
                .warning, "Too many groups",
                "At \(APIJSON.text(instant)) a user had more groups than the provider puts into a token, so roles by group were not applied. Configure it to send fewer groups, such as only those assigned to the application."
            ))
    }
    if let maxRole = provider.maxRole.known, maxRole < .owner {
        blocks.append(
            .notice(
                .warning, "Owners cannot sign in with this provider",
                "The user who last saved it is no longer an owner. Check the issuer and the roles, then save it."))
    }
    blocks.append(
        .card(
            "For the provider and your users",
            [
                .facts([
                    ("Redirect address", .mono(provider.redirectURI)),
                    ("Sign-in page", .mono("/sign-in?organization=\(visit.principal.organization)")),
                    ("Roles", .text("up to \(provider.maxRole.label); never super administrators")),
                ])
            ]))
    return blocks
}

import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

func providerPages() -> [PageRoute] {
    let base = "/identity-providers"
    let roles = [Role.viewer, .engineer, .admin].map { (value: $0.rawValue, label: $0.label) }
    @Sendable func fields(isNew: Bool, sharesReturn: Bool = false) -> [Field] {
        let switching = Field(
            "shared_return", "Returns to the shared address", .flag,
            help: "Switch it off when the redirect address above is registered with the provider.")
        return [
            Field("name", "Name", help: "Stands on the button of the sign-in page.", focused: isNew),
            Field("issuer", "Issuer", .url, help: "For Entra ID: https://login.microsoftonline.com/TENANT/v2.0"),
            Field("client_id", "Client id", autocomplete: "off"),
            Field(
                "client_secret", "Client secret", isNew ? .password : .secret,
                help: isNew ? nil : "Empty: stays as it is.", optional: !isNew),
            Field(
                "default_role", "Role of new people", .choice(roles),
                help: "Everybody new waits until an administrator approves."),
            Field(
                "rules", "Roles by group or domain", .area,
                help: "One on each line: group NAME = admin, or domain example.com = engineer.", optional: true),
            Field(
                "domains", "Trusted domains", .area,
                help:
                    "Domains for whose e-mail addresses you believe this provider, one on each line. Entra ID needs them: it sends no email_verified. Name a domain only if nobody else can get an address of it there.",
                optional: true),
            Field(
                "follow_roles", "Roles follow at each sign-in", .flag,
                help:
                    "Otherwise groups and domain decide for new people only. The last owner keeps the role."),
            Field("enabled", "Switched on", .flag),
        ] + (sharesReturn ? [switching] : [])
    }
    /// The lines of the text field as the API's rules.
    @Sendable func body(_ visit: Visit, isNew: Bool, sharesReturn: Bool = false) throws(Problem) -> [String: Value] {
        var body = Form(
            action: "", fields: fields(isNew: isNew, sharesReturn: sharesReturn), entries: visit.entries
        ).body
        body["rules"] = nil
        body["domains"] = nil
        let domains = (visit.entries["domains"] ?? "").splitScalars { $0.properties.isWhitespace || $0 == "," }
        body["trusted_domains"] = .list(domains.map { .text(String($0)) })
        let lines = (visit.entries["rules"] ?? "").lines.filter { !$0.isEmpty }
        body["role_rules"] = .list(
            try lines.map { line throws(Problem) -> Value in
                let sides = line.splitBytes(on: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
                let left = (sides.first ?? "").splitBytes(on: " ", maxSplits: 1).map(String.init)
                guard sides.count == 2, left.count == 2, ["group", "domain"].contains(left[0]),
                    roles.contains(where: { $0.value == sides[1] })
                else {
                    throw .invalid([
                        .init(
                            field: "rules", code: "wrong_value",
                            message:
                                "cannot read «\(line)»; write group NAME = role or domain NAME = role, with viewer, engineer or admin."
                        )
                    ])
                }
                return .object(["kind": .text(left[0]), "value": .text(left[1]), "role": .text(sides[1])])
            })
        return body
    }
    let list = PageRoute.get("/identity-providers", .owner) { visit in
        let page = try await visit.get(base, visit.listQuery([]))
        let new: [Action] = [.link("Add a provider", "/identity-providers/new", style: "is-primary", icon: "plus-lg")]
        return Page(
            title: "Identity providers",
            lead: "Let people sign in with Entra ID, Google or another OpenID Connect provider.",
            actions: new,
            blocks: [
                Table(
                    caption: "Identity providers", columns: ["Provider", "Role of new people", "State"],
                    rows: page.items.map { provider in
                        [
                            .main(
                                provider["name"].words, "/identity-providers/\(provider["id"].words)",
                                sub: provider["issuer"].words),
                            .text(Role(rawValue: provider["default_role"].words)?.label),
                            .badge(provider["enabled"].isTrue ? Badge(.good, "on") : Badge(.muted, "off")),
                        ]
                    },
                    empty: Empty(
                        icon: "shield-lock", title: "No identity provider yet",
                        text:
                            "People sign in with password and second factor. With a provider they use the account they have already.",
                        actions: new),
                    pager: visit.pager(page)
                ).block
            ])
    }
    let new = PageRoute.form("/identity-providers/new", .owner) { _, entries, problem in
        Page(
            title: "Add an identity provider", crumb: ("Identity providers", "/identity-providers"),
            blocks: [
                Form(
                    action: "/identity-providers/new", fields: fields(isNew: true), submit: "Add",
                    cancel: "/identity-providers",
                    entries: entries ?? Entries(["name": "Entra ID", "default_role": "viewer", "enabled": "true"]),
                    problem: problem
                ).block
            ])
    } send: { visit in
        let made = try await visit.send(.post, base, try body(visit, isNew: true))
        return .redirect("/identity-providers/\(made["id"].words)", "\(made["name"].words) is added. Test it now.")
    }
    let edit = PageRoute.form("/identity-providers/{id}", .owner) { visit, entries, problem in
        let id = try visit.parameter()
        let provider = try await visit.get("\(base)/\(id)")
        let rules = provider["role_rules"].elements.map {
            "\($0["kind"].words) \($0["value"].words) = \($0["role"].words)"
        }
        var values = Dictionary(
            uniqueKeysWithValues: [
                "name", "issuer", "client_id", "default_role", "enabled", "follow_roles", "shared_return",
            ].map {
                ($0, provider[$0].string)
            })
        values["rules"] = rules.joined(separator: "\n")
        values["domains"] = provider["trusted_domains"].elements.map(\.words).joined(separator: "\n")
        let name = provider["name"].words
        return Page(
            title: name, crumb: ("Identity providers", "/identity-providers"),
            actions: [
                .post(
                    "Delete", "/identity-providers/\(id)/delete", style: "is-danger", icon: "trash",
                    confirm: "Delete \(name)? Nobody can sign in that way any more."),
                .post("Test", "/identity-providers/\(id)/test", icon: "check2"),
            ],
            blocks: providerFacts(provider, visit) + [
                Form(
                    action: "/identity-providers/\(id)",
                    fields: fields(isNew: false, sharesReturn: provider["shared_return"].isTrue),
                    cancel: "/identity-providers", entries: entries ?? Entries(values), problem: problem
                ).block
            ])
    } send: { visit in
        let id = try visit.parameter()
        let sharesReturn = try await visit.get("\(base)/\(id)")["shared_return"].isTrue
        let changed = try await visit.send(
            .patch, "\(base)/\(id)", try body(visit, isNew: false, sharesReturn: sharesReturn))
        return .redirect("/identity-providers", "\(changed["name"].words) is changed.")
    }
    let test = PageRoute.post("/identity-providers/{id}/test", .owner) { visit in
        let id = try visit.parameter()
        let answer = try await visit.send(.post, "\(base)/\(id)/test")
        guard !answer["ok"].isTrue else { return .redirect("/identity-providers/\(id)", answer["message"].words) }
        return .page(
            Page(
                title: "The test failed", crumb: ("Identity provider", "/identity-providers/\(id)"),
                actions: [.link("Back", "/identity-providers/\(id)")],
                blocks: [.notice(.bad, nil, answer["message"].words)]))
    }
    return [list] + new + edit + [test]
        + Deletion.page(
            "/identity-providers/{id}/delete", .owner, api: base + "/{id}", back: "/identity-providers",
            done: "The identity provider is deleted."
        ) { visit, id in "Delete \(try await visit.get("\(base)/\(id)")["name"].words)?" }
}

/// What has to be registered with the provider, where people begin, and what went wrong.
private func providerFacts(_ provider: Value, _ visit: Visit) -> [Block] {
    var blocks: [Block] = []
    if let instant = provider["lacked_groups_at"].date {
        blocks.append(
            .notice(
                .warning, "More groups than fit into a token",
                "At \(APIJSON.text(instant)) somebody had more groups than the provider tells, so roles by group did not count. Have it send fewer groups, such as only those assigned to the application."
            ))
    }
    let largest = Role(rawValue: provider["largest_role"].words) ?? .admin
    if largest < .owner {
        blocks.append(
            .notice(
                .warning, "Owners cannot come this way",
                "Whoever saved this provider last is no owner any more. Check the issuer and the rules, then save it."))
    }
    blocks.append(
        .card(
            "For the provider and for your people",
            [
                .facts([
                    ("Redirect address", .mono(provider["redirect_uri"].words)),
                    ("Sign-in page", .mono("/sign-in?organization=\(visit.principal.organization)")),
                    ("Admits", .text("up to \(largest.label); super administrators never")),
                ])
            ]))
    return blocks
}

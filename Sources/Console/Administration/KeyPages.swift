import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

func keyPages() -> [PageRoute] {
    let list = PageRoute.get("/keys", .engineer) { visit in
        let page = try await visit.get("/users/keys", visit.listQuery([]))
        let new: [Action] = [.link("New key", "/keys/new", style: "is-primary", icon: "plus-lg")]
        let rows = page.items.map { key -> [Cell] in
            let (id, name) = (key["id"].words, key["name"].words)
            return [
                .main(name, sub: "pb_\(id)_…"), .text(key["user_email"].words),
                .text(Role(rawValue: key["role"].words)?.label, sub: key["scope"].string.map { "only \($0)" }),
                .when(key["last_used_at"].date), .when(key["expires_at"].date, exact: true),
                .actions([
                    .post(
                        "Revoke", "/keys/\(id)/revoke", style: "is-small is-quiet is-danger", about: name,
                        confirm: "Revoke the key \(name)? Programs that use it stop working at once.")
                ]),
            ]
        }
        return Page(
            title: "API keys", lead: "Programs speak in a person's name, with at most that person's role.",
            actions: new,
            blocks: [
                Table(
                    caption: "API keys",
                    columns: ["Key", "In whose name", "Role", "Last used", "Ends", .hidden("Actions")], rows: rows,
                    empty: Empty(
                        icon: "key", title: "No keys yet", text: "A key lets a script or another program use the API.",
                        actions: new),
                    pager: visit.pager(page)
                ).block
            ])
    }
    @Sendable func fields(_ visit: Visit) -> [Field] {
        [
            Field("name", "Name", help: "What uses it.", focused: true),
            Field(
                "role", "Role",
                .choice(Role.allCases.filter { $0 <= visit.principal.role }.map { ($0.rawValue, $0.label) })),
            Field(
                "scope", "Limited to",
                help: "Areas of the API, such as notifiers sync:read. Empty: everything the role allows.",
                optional: true),
            Field("expires_at", "Ends", .instant(visit.zone), optional: true),
        ]
    }
    let new = PageRoute.form("/keys/new", .engineer) { visit, entries, problem in
        Page(
            title: "New API key", crumb: ("API keys", "/keys"),
            blocks: [
                Form(
                    action: "/keys/new", fields: fields(visit), submit: "Make the key", cancel: "/keys",
                    entries: entries ?? Entries(["role": Role.viewer.rawValue]), problem: problem
                ).block
            ])
    } send: { visit in
        let made = try await visit.send(
            .post, "/users/keys", Form(action: "", fields: fields(visit), entries: visit.entries).body)
        return .page(
            Page(
                title: made["name"].words, crumb: ("API keys", "/keys"),
                actions: [.link("Done", "/keys", style: "is-primary")],
                blocks: [
                    Block(
                        "secret",
                        [
                            "secretTitle": "Copy the key now.", "secretNote": "It is not stored and not shown again.",
                            "secret": made["key"].words,
                        ])
                ]))
    }
    let revoke = Deletion.confirmed("/keys/{id}/revoke", .engineer, label: "Revoke", back: "/keys") { _, id in
        "Revoke the key pb_\(id)? Programs that use it stop working at once."
    } act: { visit, id in
        try await visit.send(.delete, "/users/keys/\(id)")
        return .redirect("/keys", "The key is revoked.")
    }
    return [list] + new + revoke
}

func flagPages() -> [PageRoute] {
    [
        .get("/flags", .viewer) { visit in
            let mayChange = visit.may(.patch, "/feature-flags/{name}")
            let rows = try await visit.get("/feature-flags").items.map { flag -> [Cell] in
                let (name, isOn) = (flag["name"].words, flag["enabled"].isTrue)
                let label = FeatureFlag(name)?.label ?? name
                return [
                    mayChange
                        ? .toggle(
                            Toggle(
                                href: "/flags/\(name)", label: isOn ? "Switch off \(label)" : "Switch on \(label)",
                                isOn: isOn,
                                hidden: ["enabled": isOn ? "false" : "true"]))
                        : .badge(isOn ? Badge(.good, "on") : Badge(.muted, "off")),
                    .main(label, sub: flag["summary"].words), .mono(name),
                ]
            }
            return Page(
                title: "Feature flags", lead: "What is switched on for your organization. A change holds at once.",
                blocks: [
                    Table(
                        caption: "Feature flags", columns: [.hidden("On or off"), "Feature", "In the API"], rows: rows
                    ).block
                ])
        },
        .post("/flags/{name}", .admin) { visit in
            let (name, isOn) = (try visit.parameter("name"), visit.entries["enabled"] == "true")
            try await visit.send(.patch, "/feature-flags/\(name)", ["enabled": .flag(isOn)])
            return .redirect("/flags", "\(FeatureFlag(name)?.label ?? name) is switched \(isOn ? "on" : "off").")
        },
    ]
}

import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

func userPages() -> [PageRoute] {
    let list = PageRoute.get("/users", .admin) { visit in
        let page = try await visit.get("/users", visit.listQuery(["search"]))
        let new = visit.allowed(.post, "/users", .link("New user", "/users/new", style: "is-primary", icon: "plus-lg"))
        let rows = page.items.map { user -> [Cell] in
            let id = user["id"].words
            let state =
                user["pending"].isTrue
                ? Badge(.warning, "waits for approval")
                : user["identity_offer"] != .null
                    ? Badge(.warning, "identity to confirm")
                    : user["active"].isTrue ? Badge(.good, "active") : Badge(.muted, "inactive")
            let approve =
                user["pending"].isTrue
                ? [
                    Action.post(
                        "Approve", "/users/\(id)/approve", style: "is-small is-primary", about: user["name"].words)
                ] : []
            return [
                .person(user["name"].words, "/users/\(id)", email: user["email"].words),
                .text(Role(rawValue: user["role"].words)?.label), .badge(state),
                .badge(user["has_second_factor"].isTrue ? Badge(.good, "set up") : Badge(.muted, "none")),
                .when(user["last_sign_in_at"].date),
                .actions(
                    approve + [.link("Edit", "/users/\(id)", style: "is-small is-quiet", about: user["name"].words)]),
            ]
        }
        return Page(
            title: "Users", lead: "Who works here, and what each may do.", actions: new,
            blocks: [
                Filters.block(
                    "/users", [Field("search", "Search", .text, placeholder: "Name or e-mail")], visit,
                    clear: visit.query["search"]?.isEmpty == false),
                Table(
                    caption: "Users",
                    columns: ["User", "Role", "State", "Second factor", "Last sign-in", .hidden("Actions")],
                    rows: rows,
                    empty: Empty(
                        icon: "person-slash", title: "Nobody fits",
                        text: "Try a part of the name or of the e-mail address."),
                    pager: visit.pager(page)
                ).block,
            ])
    }
    @Sendable func newFields(_ visit: Visit) -> [Field] {
        [
            Field("name", "Name", focused: true), Field("email", "E-mail", .email, autocomplete: "off"),
            Field(
                "role", "Role", .choice(Choices.roles(visit)),
                help: "Viewers read. Engineers work with tickets. Administrators manage connections, rules and users."),
            Field(
                "password", "First password", .password,
                help:
                    "At least 12 characters; has to be changed at the first sign-in. Empty for somebody who comes through an identity provider.",
                optional: true, autocomplete: "new-password"),
        ]
    }
    let new = PageRoute.form("/users/new", .admin) { visit, entries, problem in
        Page(
            title: "New user", crumb: ("Users", "/users"),
            blocks: [
                Form(
                    action: "/users/new", fields: newFields(visit), submit: "Make the user", cancel: "/users",
                    entries: entries ?? Entries(["role": "engineer"]), problem: problem
                ).block
            ])
    } send: { visit in
        let made = try await visit.send(
            .post, "/users", Form(action: "", fields: newFields(visit), entries: visit.entries).body)
        return .redirect("/users", "\(made["name"].words) can sign in.")
    }
    @Sendable func fields(_ visit: Visit, _ user: Value) -> [Field] {
        var roles = Choices.roles(visit)
        if !roles.contains(where: { $0.value == user["role"].words }), let role = Role(rawValue: user["role"].words) {
            roles.append((role.rawValue, role.label))
        }
        return [
            Field("name", "Name"), Field("role", "Role", .choice(roles)),
            Field(
                "active", "May sign in", .flag, help: "Switched off, all sessions and keys of this person end at once."),
            Field("version", "", .hidden, numeric: true),
        ]
    }
    let edit = PageRoute.form("/users/{id}", .admin) { visit, entries, problem in
        let id = try visit.parameter()
        let user = try await visit.get("/users/\(id)")
        var stored = Entries(user, fields(visit, user))
        // After a refusal because of somebody else's change the present values are shown, not what was typed.
        if let entries, problem?.code != "stale" { stored = entries }
        let name = user["name"].words
        return Page(
            title: name, lead: user["email"].words, crumb: ("Users", "/users"),
            actions: [
                .post(
                    "Delete", "/users/\(id)/delete", style: "is-danger", icon: "trash",
                    confirm: "Delete \(name)? All of this person's API keys end as well."),
                .link("Customers", "/users/\(id)/tenants", icon: "building"),
            ],
            blocks: [
                Form(
                    action: "/users/\(id)", fields: fields(visit, user), cancel: "/users", entries: stored,
                    problem: problem
                ).block,
                Form(
                    title: "Give another password", action: "/users/\(id)/password",
                    fields: [
                        Field(
                            "password", "Password", .password,
                            help: "Has to be changed at the next sign-in. All sessions end.",
                            autocomplete: "new-password")
                    ], submit: "Set the password"
                ).block,
                identityCard(id, user),
                .card(
                    "Second factor",
                    [
                        .facts([
                            (
                                "State",
                                .badge(
                                    user["has_second_factor"].isTrue ? Badge(.good, "set up") : Badge(.muted, "none"))
                            )
                        ])
                    ]
                        + (user["has_second_factor"].isTrue
                            ? [
                                .actions([
                                    .post(
                                        "Take it away", "/users/\(id)/second-factor", style: "is-danger",
                                        confirm:
                                            "Take the second factor of \(name) away? Do this only when you are sure who asks."
                                    )
                                ])
                            ] : [])),
            ])
    } send: { visit in
        let id = try visit.parameter()
        let user = try await visit.get("/users/\(id)")
        try await visit.send(
            .patch, "/users/\(id)", Form(action: "", fields: fields(visit, user), entries: visit.entries).body)
        return .redirect("/users", "\(user["name"].words) is changed.")
    }
    let approve = PageRoute.post("/users/{id}/approve", .admin) { visit in
        let user = try await visit.send(.patch, "/users/\(try visit.parameter())", ["active": .flag(true)])
        return .redirect("/users", "\(user["name"].words) may sign in now.")
    }
    let identity = PageRoute.post("/users/{id}/identity", .admin) { visit in
        let (id, subject) = (try visit.parameter(), visit.entries["identity_subject"] ?? "")
        do {
            try await visit.send(.patch, "/users/\(id)", ["identity_subject": .text(subject)])
        } catch let problem as Problem {
            return .page(
                Page(
                    title: "Not saved", crumb: ("User", "/users/\(id)"),
                    blocks: [.notice(.bad, nil, problem.detail), .actions([.link("Back", "/users/\(id)")])],
                    status: problem.status))
        }
        return .redirect("/users/\(id)", subject.isEmpty ? "The binding has ended." : "The identity is confirmed.")
    }
    let password = PageRoute.post("/users/{id}/password", .admin) { visit in
        let id = try visit.parameter()
        do {
            try await visit.send(.post, "/users/\(id)/password", ["password": .text(visit.entries["password"] ?? "")])
        } catch let problem as Problem where problem.status == .unprocessableContent {
            let form = Form(
                action: "/users/\(id)/password",
                fields: [Field("password", "Password", .password, autocomplete: "new-password", focused: true)],
                submit: "Set the password", cancel: "/users/\(id)", problem: problem)
            return .page(
                Page(
                    title: "Give another password", crumb: ("User", "/users/\(id)"), blocks: [form.block],
                    status: problem.status))
        }
        return .redirect("/users/\(id)", "The password is set. Tell it to the person by a safe way.")
    }
    let secondFactor = Deletion.confirmed(
        "/users/{id}/second-factor", .admin, label: "Take it away", back: "/users"
    ) { _, _ in
        "Take this person's second factor away?"
    } act: { visit, id in
        try await visit.send(.delete, "/users/\(id)/second-factor")
        return .redirect("/users/\(id)", "The second factor is taken away.")
    }
    let delete = Deletion.page(
        "/users/{id}/delete", .admin, api: "/users/{id}", back: "/users", done: "The user is deleted."
    ) { visit, id in "Delete \(try await visit.get("/users/\(id)")["name"].words), with all API keys?" }
    return [list] + new + edit + [approve, identity, password] + secondFactor + delete
}

/// By which provider's subject somebody is known, and who came with the address and waits for a yes.
private func identityCard(_ id: String, _ user: Value) -> Block {
    func facts(_ identity: Value, _ state: Badge) -> Block {
        .facts([
            ("State", .badge(state)), ("Issuer", .text(identity["issuer"].words)),
            ("Subject", .mono(identity["subject"].words)),
        ])
    }
    var parts: [Block] = []
    let (bound, offer) = (user["identity"], user["identity_offer"])
    if offer != .null {
        parts += [
            facts(offer, Badge(.warning, "came with this e-mail address")),
            .actions([
                .post(
                    "It is the same person", "/users/\(id)/identity", style: "is-primary",
                    confirm:
                        "Whoever has this subject at the provider signs in as \(user["name"].words) from now on. Ask the person first.",
                    hidden: ["identity_subject": offer["subject"].words]),
                .post("It is not", "/users/\(id)/identity", hidden: ["identity_subject": ""]),
            ]),
        ]
    }
    if bound != .null {
        parts += [
            facts(bound, Badge(.good, "bound")),
            .actions([
                .post(
                    "End the binding", "/users/\(id)/identity", style: "is-danger",
                    confirm: "\(user["name"].words) is not recognized by the identity provider any more.",
                    hidden: ["identity_subject": ""])
            ]),
        ]
    }
    if parts.isEmpty { parts = [.facts([("State", .badge(Badge(.muted, "password only")))])] }
    return .card("Identity provider", parts)
}

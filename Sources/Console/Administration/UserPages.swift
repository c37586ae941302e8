import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

func userPages() -> [PageRoute] {
    [listPage] + newPages() + editPages() + [approvePage, identityPage, passwordPage]
        + Deletion.confirmed(
            "/users/{id}/second-factor", Users.resetSecondFactor.role, label: "Reset second factor", back: "/users"
        ) { _, _ in
            "Reset this user's second factor?"
        } act: { visit, id in
            try await visit.send(Users.resetSecondFactor(visit.place()))
            return .redirect("/users/\(id)", "Second factor reset.")
        }
        + Deletion.page("/users/{id}/delete", Users.delete, back: "/users", done: "User deleted.") { visit, id in
            "Delete \(try await visit.ask(Users.show(id)).name) and all of their API keys?"
        }
}

private let listPage = PageRoute.get("/users", Users.list.role) { visit in
    let filter: [Users.Filter: String] = visit.filters()
    let page = try await visit.ask(Users.list(filter, limit: visit.limit, cursor: visit.cursor))
    return Page(
        title: "Users", lead: "Who can sign in, and what they can do.",
        actions: visit.allowed(Users.create, .link("New user", "/users/new", style: "is-primary", icon: "plus-lg")),
        blocks: [
            Filters.block(
                "/users", [Field(filter: Users.Filter.search, "Search", .text, placeholder: "Name or e-mail")], visit,
                clear: !filter.isEmpty),
            Table(
                caption: "Users",
                columns: ["User", "Role", "State", "Second factor", "Last sign-in", .hidden("Actions")],
                rows: page.items.map(row),
                empty: Empty(
                    icon: "person-slash", title: "No matching users",
                    text: "Search for a part of the name or e-mail address."),
                pager: visit.pager(page)
            ).block,
        ])
}

private func row(_ user: Users.Answer) -> [Cell] {
    let state =
        user.pending
        ? Badge(.warning, "pending approval")
        : user.pendingIdentity != nil
            ? Badge(.warning, "pending identity") : user.active ? Badge(.good, "active") : Badge(.muted, "inactive")
    let approve =
        user.pending
        ? [Action.post("Approve", "/users/\(user.id)/approve", style: "is-small is-primary", about: user.name)] : []
    return [
        .person(user.name, "/users/\(user.id)", email: user.email), .text(user.role.label), .badge(state),
        secondFactor(user), .when(user.lastSignInAt),
        .actions(approve + [.link("Edit", "/users/\(user.id)", style: "is-small is-quiet", about: user.name)]),
    ]
}

private func secondFactor(_ user: Users.Answer) -> Cell {
    .badge(user.hasSecondFactor ? Badge(.good, "set up") : Badge(.muted, "none"))
}

private func newPages() -> [PageRoute] {
    @Sendable func fields(_ visit: Visit) -> [Field] {
        typealias Member = Users.New.CodingKeys
        return [
            Field(Member.name, "Name", focused: true), Field(Member.email, "E-mail", .email, autocomplete: "off"),
            Field(
                Member.role, "Role", .choice(Choices.roles(visit)),
                help:
                    "Viewers read. Engineers work with tickets. Dispatchers also manage rules, forwards and recipients. Administrators also manage connections and users."
            ),
            Field(
                Member.password, "First password", .password,
                help:
                    "At least 12 characters; must be changed at the first sign-in. Leave blank for users of an identity provider.",
                optional: true, autocomplete: "new-password"),
        ]
    }
    return PageRoute.form("/users/new", Users.create.role) { visit, entries, problem in
        Page(
            title: "New user", crumb: ("Users", "/users"),
            blocks: [
                Form(
                    action: "/users/new", fields: fields(visit), submit: "Create user", cancel: "/users",
                    entries: entries ?? Entries(["role": "engineer"]), problem: problem
                ).block
            ])
    } send: { visit in
        let form = Form(action: "", fields: fields(visit), entries: visit.entries)
        return .redirect("/users", "\(try await visit.send(Users.create(form.members())).name) can sign in.")
    }
}

private func editPages() -> [PageRoute] {
    @Sendable func fields(_ visit: Visit, _ user: Users.Answer) -> [Field] {
        typealias Member = Users.Change.CodingKeys
        var roles = Choices.roles(visit)
        if !roles.contains(where: { $0.value == user.role.text }) { roles.append((user.role.text, user.role.label)) }
        return [
            Field(Member.name, "Name"), Field(Member.role, "Role", .choice(roles)),
            Field(
                Member.active, "Can sign in", .flag,
                help: "If not, all sign-ins of this user end and their API keys stop working, at once."),
            Field(Member.version, "", .hidden, numeric: true),
        ]
    }
    return PageRoute.form("/users/{id}", Users.update.role) { visit, entries, problem in
        let user = try await visit.ask(Users.show(visit.place()))
        let fields = fields(visit, user)
        // After a refusal because of another change the current values are shown, not what was typed.
        let entries = try problem?.code == "stale" ? Entries(user, fields) : entries ?? Entries(user, fields)
        return Page(
            title: user.name, lead: user.email, crumb: ("Users", "/users"),
            actions: [
                .post(
                    "Delete", "/users/\(user.id)/delete", style: "is-danger", icon: "trash",
                    confirm: "Delete \(user.name)? All of their API keys stop working."),
                .link("Customers", "/users/\(user.id)/tenants", icon: "building"),
            ],
            blocks: [
                Form(action: "/users/\(user.id)", fields: fields, cancel: "/users", entries: entries, problem: problem)
                    .block,
                Form(
                    title: "Reset password", action: "/users/\(user.id)/password",
                    fields: [
                        Field(
                            Users.PasswordReset.CodingKeys.password, "Password", .password,
                            help: "Must be changed at the next sign-in. Ends all sign-ins of this user.",
                            autocomplete: "new-password")
                    ], submit: "Reset password"
                ).block,
                identityCard(user), secondFactorCard(user),
            ])
    } send: { visit in
        let user = try await visit.ask(Users.show(visit.place()))
        let form = Form(action: "", fields: fields(visit, user), entries: visit.entries)
        let saved = try await visit.send(Users.update(user.id, form.members()))
        return .redirect("/users", "\(saved.name) saved.")
    }
}

private let approvePage = PageRoute.post("/users/{id}/approve", Users.update.role) { visit in
    let user = try await visit.send(Users.update(visit.place(), [.active: .flag(true)]))
    return .redirect("/users", "\(user.name) can sign in now.")
}

private let identityPage = PageRoute.post("/users/{id}/identity", Users.update.role) { visit in
    let id: Users.ID = try visit.place()
    let subject = visit.entries[Users.Change.CodingKeys.identitySubject.rawValue] ?? ""
    do {
        try await visit.send(Users.update(id, [.identitySubject: .text(subject)]))
    } catch let problem as Problem {
        return .page(
            Page(
                title: "Not saved", crumb: ("User", "/users/\(id)"),
                blocks: [.notice(.bad, nil, problem.detail), .actions([.link("Back", "/users/\(id)")])],
                status: problem.status))
    }
    return .redirect("/users/\(id)", subject.isEmpty ? "Identity unlinked." : "Identity linked.")
}

private let passwordPage = PageRoute.post("/users/{id}/password", Users.resetPassword.role) { visit in
    typealias Member = Users.PasswordReset.CodingKeys
    let id: Users.ID = try visit.place()
    do {
        let password = visit.entries[Member.password.rawValue] ?? ""
        try await visit.send(Users.resetPassword(id, [.password: .text(password)]))
    } catch let problem as Problem where problem.status == .unprocessableContent {
        let form = Form(
            action: "/users/\(id)/password",
            fields: [Field(Member.password, "Password", .password, autocomplete: "new-password", focused: true)],
            submit: "Reset password", cancel: "/users/\(id)", problem: problem)
        return .page(
            Page(
                title: "Reset password", crumb: ("User", "/users/\(id)"), blocks: [form.block],
                status: problem.status))
    }
    return .redirect("/users/\(id)", "Password reset. Give it to the user securely.")
}

private func secondFactorCard(_ user: Users.Answer) -> Block {
    let reset = Action.post(
        "Reset second factor", "/users/\(user.id)/second-factor", style: "is-danger",
        confirm: "Reset the second factor of \(user.name)? First make sure that the request really comes from them.")
    return .card(
        "Second factor",
        [.facts([("State", secondFactor(user))])] + (user.hasSecondFactor ? [.actions([reset])] : []))
}

/// By which identity the user is recognized, and which one came with the address and is not approved yet.
private func identityCard(_ user: Users.Answer) -> Block {
    let subject = Users.Change.CodingKeys.identitySubject.rawValue
    func facts(_ identity: Users.Identity, _ state: Badge) -> Block {
        .facts([
            ("State", .badge(state)), ("Issuer", .text(identity.issuer)), ("Subject", .mono(identity.subject)),
        ])
    }
    var parts: [Block] = []
    if let pending = user.pendingIdentity {
        parts += [
            facts(pending, Badge(.warning, "pending: came with this e-mail address")),
            .actions([
                .post(
                    "Link identity", "/users/\(user.id)/identity", style: "is-primary",
                    confirm:
                        "Anyone with this identity at the provider can sign in as \(user.name). Ask the user first.",
                    hidden: [subject: pending.subject]),
                .post("Reject", "/users/\(user.id)/identity", hidden: [subject: ""]),
            ]),
        ]
    }
    if let identity = user.identity {
        parts += [
            facts(identity, Badge(.good, "linked")),
            .actions([
                .post(
                    "Unlink identity", "/users/\(user.id)/identity", style: "is-danger",
                    confirm: "\(user.name) will no longer be recognized by the identity provider.",
                    hidden: [subject: ""])
            ]),
        ]
    }
    if parts.isEmpty { parts = [.facts([("State", .badge(Badge(.muted, "password only")))])] }
    return .card("Identity provider", parts)
}

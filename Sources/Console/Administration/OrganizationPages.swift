import API
import Accounts
import BoundaryText
import HTTPTypes
import WebSupport

private let ownFields: [Field] = {
    typealias Member = Organizations.Change.CodingKeys
    return [
        Field(Member.name, "Name"),
        Field(
            Member.requiresSecondFactor, "Require a second factor", .flag,
            help:
                "Anyone without one must set it up before continuing. Users of an identity provider are not affected."),
    ]
}()

/// The forms of the viewer's organization, below the settings; none for those who may not change it.
func organizationForm(_ visit: Visit) async throws -> [Block] {
    guard visit.may(Organizations.updateOwn) else { return [] }
    let organization = try await visit.ask(Organizations.showOwn())
    return [
        Form(
            title: "Organization", action: "/organization", fields: ownFields,
            entries: try Entries(organization, ownFields)
        ).block,
        Form(
            title: "Delete the organization", action: "/organization/delete",
            fields: [
                Field(
                    Organizations.Deletion.CodingKeys.name, "Type the organization's name",
                    help: "Permanently deletes connections, rules, users and history. Only the audit log stays.")
            ], submit: "Delete organization", isDanger: true
        ).block,
    ]
}

func organizationPages() -> [PageRoute] {
    let change = PageRoute.post("/organization", Organizations.updateOwn.role) { visit in
        let form = Form(action: "", fields: ownFields, entries: visit.entries)
        try await visit.send(Organizations.updateOwn(form.members()))
        return .redirect("/settings", "Organization saved.")
    }
    let delete = PageRoute.post("/organization/delete", Organizations.deleteOwn.role) { visit in
        try await visit.send(Organizations.deleteOwn([.name: .text(visit.entries["name"] ?? "")]))
        return .redirect("/sign-in", nil)
    }
    let list = PageRoute.get("/organizations", Organizations.list.role) { visit in
        let page = try await visit.ask(Organizations.list(limit: visit.limit, cursor: visit.cursor))
        return Page(
            title: "Organizations", lead: "Each has its own users, connections and rules.",
            actions: [.link("New organization", "/organizations/new", style: "is-primary", icon: "plus-lg")],
            blocks: [
                Table(
                    caption: "Organizations", columns: ["Name", "Created", .hidden("Actions")],
                    rows: page.items.map { organization in
                        [
                            .main(organization.name), .when(organization.createdAt, exact: true),
                            .actions(
                                visit.principal.organization == organization.id
                                    ? []
                                    : [
                                        .post(
                                            "Visit", "/organizations/\(organization.id)/visit", style: "is-small",
                                            about: organization.name)
                                    ]),
                        ]
                    }, pager: visit.pager(page)
                ).block
            ])
    }
    let fields = [Field(Organizations.New.CodingKeys.name, "Name", focused: true)]
    let new = PageRoute.form("/organizations/new", Organizations.create.role) { _, entries, problem in
        Page(
            title: "New organization", crumb: ("Organizations", "/organizations"),
            blocks: [
                Form(
                    action: "/organizations/new", fields: fields, submit: "Create organization",
                    cancel: "/organizations", entries: entries ?? Entries(), problem: problem
                ).block
            ])
    } send: { visit in
        let form = Form(action: "", fields: fields, entries: visit.entries)
        let made = try await visit.send(Organizations.create(form.members()))
        return .redirect("/organizations", "\(made.name) was created. Visit it to create its first users.")
    }
    return [change, delete, list] + new
}

import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import Hummingbird
import WebSupport

func tenantPages() -> [PageRoute] {
    let choose = PageRoute.post("/tenant", Tenants.show.role) { visit in
        let tenant = visit.entries["tenant"].flatMap { $0.isEmpty ? nil : $0 }
        if let tenant {
            guard let id = Tenants.ID(tenant) else { throw Problem.notFound("customer") }
            _ = try await visit.ask(Tenants.show(id))
        }
        var response = Response.redirect(to: LocalPath.of(visit.entries["to"]) ?? "/tickets")
        Tenancy.choose(tenant, in: &response)
        return .response(response)
    }
    let delete = Deletion.page("/tenants/{id}/delete", Tenants.delete, back: "/tenants", done: "Customer deleted.") {
        visit, id in "Delete \(try await visit.ask(Tenants.show(id)).name)? \(tenantLoss)"
    }
    return [listPage, choose, companyOptions("/tenants/companies", .admin)] + newPages() + editPages() + delete
        + limitPages()
}

private let tenantLoss = "Its tickets stay in ConnectWise; its own connection is deleted."

private let listPage = PageRoute.get("/tenants", Tenants.list.role) { visit in
    let filter: [Tenants.Filter: String] = visit.filters()
    let page = try await visit.ask(Tenants.list(filter, limit: visit.limit, cursor: visit.cursor))
    let new = visit.allowed(
        Tenants.create, .link("New customer", "/tenants/new", style: "is-primary", icon: "plus-lg"))
    let isFiltered = filter[.search] != nil
    return Page(
        title: "Customers", lead: "A customer has the tickets of its company in ConnectWise.", actions: new,
        blocks: [
            Filters.block(
                "/tenants", [Field(filter: Tenants.Filter.search, "Name", .text, placeholder: "Part of the name")],
                visit, clear: isFiltered),
            Table(
                caption: "Customers", columns: ["Name", "Company in ConnectWise", "State", .hidden("Actions")],
                rows: page.items.map { tenant in
                    [
                        .main(tenant.name, visit.may(Tenants.update) ? "/tenants/\(tenant.id)" : nil),
                        .text(tenant.psaCompanyName ?? tenant.psaCompany ?? "not chosen: all tickets"),
                        .badge(tenant.active ? Badge(.good, "active") : Badge(.muted, "inactive")),
                        .actions([
                            .post(
                                "Tickets", "/tenant", style: "is-small", about: "of \(tenant.name)",
                                hidden: ["tenant": "\(tenant.id)", "to": "/tickets"])
                        ]),
                    ]
                },
                empty: isFiltered
                    ? Empty(
                        icon: "funnel", title: "No matching customers", text: "No customer has this in its name.")
                    : Empty(
                        icon: "building", title: "No customers yet",
                        text: "Create customers to search the tickets of one, or to limit users to some.",
                        actions: new), pager: visit.pager(page)
            ).block,
        ])
}

private func newPages() -> [PageRoute] {
    PageRoute.form("/tenants/new", Tenants.create.role) { visit, entries, problem in
        let form = try await TenantForm(visit, nil)
        return Page(
            title: "New customer", crumb: ("Customers", "/tenants"),
            blocks: form.notes + [
                Form(
                    action: "/tenants/new", fields: form.fields, submit: "Create customer", cancel: "/tenants",
                    entries: entries ?? Entries(["active": "true"]), problem: problem
                ).block
            ])
    } send: { visit in
        typealias Member = Tenants.New.CodingKeys
        let members: [Member: JSON] = try await TenantForm(visit, nil).members(
            visit, company: .psaCompany, companyName: .psaCompanyName)
        let made = try await visit.send(Tenants.create(members))
        return .redirect("/tenants", "\(made.name) was created.")
    }
}

private func editPages() -> [PageRoute] {
    PageRoute.form("/tenants/{id}", Tenants.update.role) { visit, entries, problem in
        let tenant = try await visit.ask(Tenants.show(visit.place()))
        let form = try await TenantForm(visit, tenant)
        let used = try await visit.ask(PSA.Tenant.show(visit.place()))
        return Page(
            title: tenant.name, crumb: ("Customers", "/tenants"),
            actions: [
                .post(
                    "Delete", "/tenants/\(tenant.id)/delete", style: "is-danger", icon: "trash",
                    confirm: "Delete \(tenant.name)? \(tenantLoss)")
            ],
            blocks: form.notes + [
                used.ownConnection
                    ? .notice(
                        .info, nil, "This customer has its own connection to ConnectWise.",
                        href: "/integrations?tenant=\(tenant.id)", link: "Show it")
                    : .text("Uses the organization's connection to ConnectWise.", style: "muted section"),
                Form(
                    action: "/tenants/\(tenant.id)", fields: form.fields, cancel: "/tenants",
                    entries: try entries ?? Entries(tenant, form.fields), problem: problem
                ).block,
            ])
    } send: { visit in
        let tenant = try await visit.ask(Tenants.show(visit.place()))
        let members: [Tenants.Change.CodingKeys: JSON] = try await TenantForm(visit, tenant).members(
            visit, company: .psaCompany, companyName: .psaCompanyName)
        try await visit.send(Tenants.update(tenant.id, members))
        return .redirect("/tenants", "Customer saved.")
    }
}

/// The form of a customer. The company that it has is never lost because a list does not hold it.
private struct TenantForm {
    private typealias Member = Tenants.Change.CodingKeys

    private let tenant: Tenants.Answer?
    private let company: Field?

    init(_ visit: Visit, _ tenant: Tenants.Answer?) async throws {
        self.tenant = tenant
        let chosen = tenant?.psaCompany.map { ($0, tenant?.psaCompanyName ?? $0) }
        company = try await Choices.companies(visit, chosen: chosen)
    }

    var fields: [Field] {
        [Field(Member.name, "Name", .text, focused: true)] + [company].compactMap(\.self)
            + [Field(Member.active, "Active", .flag)]
    }

    var notes: [Block] {
        guard company == nil else { return [] }
        let current = tenant?.psaCompanyName ?? tenant?.psaCompany
        return [
            .notice(
                .warning, "The companies cannot be read from ConnectWise at the moment.",
                current.map { "The company stays \($0)." } ?? "You can choose the company later.")
        ]
    }

    func members<Key: CodingKey & Hashable>(
        _ visit: Visit, company: Key, companyName: Key
    ) async throws -> [Key: JSON] {
        let name = company.stringValue
        let shown = fields.filter { $0.name != name }
        var members: [Key: JSON] = Form(action: "", fields: shown, entries: visit.entries).members()
        // A field that was not shown says nothing.
        guard let chosen = visit.entries[name], chosen != tenant?.psaCompany ?? "" else { return members }
        members[company] = .text(chosen)
        guard let named = chosen.isEmpty ? "" : try await Choices.company(chosen, visit) else {
            throw Problem.invalid([
                .init(field: name, code: "wrong_value", message: "This company no longer exists. Choose another one.")
            ])
        }
        members[companyName] = .text(named)
        return members
    }
}

/// To which customers a user is limited.
private func limitPages() -> [PageRoute] {
    let member = Users.Limits.CodingKeys.tenants
    return PageRoute.form("/users/{id}/tenants", Users.updateLimits.role) { visit, entries, problem in
        let user = try await visit.ask(Users.show(visit.place()))
        let limits = try await visit.ask(Users.showLimits(user.id)).tenants
        let chosen = entries.map { $0.all(member.rawValue) } ?? (limits ?? []).map(\.description)
        let isLimited = entries.map { $0["limited"] == "true" } ?? (limits != nil)
        let tenants = try await Choices.tenants(visit)
        var blocks: [Block] = []
        if tenants.isEmpty {
            blocks.append(
                .notice(.info, nil, "There are no customers yet.", href: "/tenants/new", link: "New customer"))
        }
        let fields = [
            Field("limited", "Limit to some customers", .flag, help: "The user sees and updates only their tickets."),
            Field(member, "Customers", .several(tenants, chosen: Set(chosen))),
        ]
        return Page(
            title: "Customers of \(user.name)", crumb: ("Users", "/users"),
            blocks: blocks + [
                Form(
                    action: "/users/\(user.id)/tenants", fields: fields, cancel: "/users/\(user.id)",
                    entries: Entries(["limited": isLimited ? "true" : nil]), problem: problem
                ).block
            ])
    } send: { visit in
        let tenants = visit.entries.all(member.rawValue).map(JSON.init(typed:))
        let isLimited = visit.entries["limited"] == "true"
        try await visit.send(Users.updateLimits(visit.place(), [member: isLimited ? .list(tenants) : .null]))
        return .redirect(
            "/users",
            isLimited
                ? "The user is limited to \(tenants.count == 1 ? "one customer" : "\(tenants.count) customers")."
                : "The user is no longer limited to some customers.")
    }
}

import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import Hummingbird
import WebSupport

func tenantPages() -> [PageRoute] {
    let list = PageRoute.get("/tenants", .viewer) { visit in
        let page = try await visit.get("/tenants", visit.listQuery(["search", "active"]))
        let new = visit.allowed(
            .post, "/tenants", .link("New customer", "/tenants/new", style: "is-primary", icon: "plus-lg"))
        let isFiltered = !(visit.query["search"] ?? "").isEmpty
        return Page(
            title: "Customers", lead: "Their tickets are those of their company in ConnectWise.", actions: new,
            blocks: [
                Filters.block(
                    "/tenants", [Field("search", "Name", .text, placeholder: "A part of it")], visit, clear: isFiltered),
                Table(
                    caption: "Customers", columns: ["Name", "Company in ConnectWise", "State", .hidden("Actions")],
                    rows: page.items.map { tenant in
                        let id = tenant["id"].words
                        return [
                            .main(
                                tenant["name"].words, visit.may(.patch, "/tenants/{tenant}") ? "/tenants/\(id)" : nil),
                            .text(
                                tenant["psa_company_name"].string ?? tenant["psa_company_id"].string
                                    ?? "not chosen: all tickets"),
                            .badge(tenant["active"].isTrue ? Badge(.good, "active") : Badge(.muted, "inactive")),
                            .actions([
                                .post(
                                    "Tickets", "/tenant", style: "is-small", about: "of \(tenant["name"].words)",
                                    hidden: ["tenant": id, "to": "/tickets"])
                            ]),
                        ]
                    },
                    empty: isFiltered
                        ? Empty(icon: "funnel", title: "No customer fits", text: "Nobody has this in the name.")
                        : Empty(
                            icon: "building", title: "No customers yet",
                            text:
                                "A customer limits searches to its company, and people can be limited to some customers.",
                            actions: new), pager: visit.pager(page)
                ).block,
            ])
    }
    let choose = PageRoute.post("/tenant", .viewer) { visit in
        let tenant = visit.entries["tenant"].flatMap { $0.isEmpty ? nil : $0 }
        if let tenant { _ = try await visit.get("/tenants/\(tenant)") }
        var response = Response.redirect(to: LocalPath.of(visit.entries["to"]) ?? "/tickets")
        Tenancy.choose(tenant, in: &response)
        return .response(response)
    }
    let new = PageRoute.form("/tenants/new", .admin) { visit, entries, problem in
        let form = try await TenantForm(visit, .null)
        return Page(
            title: "New customer", crumb: ("Customers", "/tenants"),
            blocks: form.notes + [
                Form(
                    action: "/tenants/new", fields: form.fields, submit: "Save", cancel: "/tenants",
                    entries: entries ?? Entries(["active": "true"]), problem: problem
                ).block
            ])
    } send: { visit in
        let made = try await visit.send(.post, "/tenants", try await TenantForm(visit, .null).body(visit))
        return .redirect("/tenants", "\(made["name"].words) is a customer now.")
    }
    let edit = PageRoute.form("/tenants/{id}", .admin) { visit, entries, problem in
        let id = try visit.parameter()
        let tenant = try await visit.get("/tenants/\(id)")
        let form = try await TenantForm(visit, tenant)
        let used = try await visit.ask(PSA.Tenant.show(visit.place()))
        return Page(
            title: tenant["name"].words, crumb: ("Customers", "/tenants"),
            actions: [
                .post(
                    "Delete", "/tenants/\(id)/delete", style: "is-danger", icon: "trash",
                    confirm: "Delete \(tenant["name"].words)? \(tenantLoss)")
            ],
            blocks: form.notes + [
                used.ownConnection
                    ? .notice(
                        .info, nil, "This customer has its own connection to ConnectWise.",
                        href: "/integrations?tenant=\(id)", link: "Show")
                    : .text("Uses the organization's connection to ConnectWise.", style: "muted section"),
                Form(
                    action: "/tenants/\(id)", fields: form.fields, cancel: "/tenants",
                    entries: entries ?? Entries(tenant, form.fields), problem: problem
                ).block,
            ])
    } send: { visit in
        let id = try visit.parameter()
        let tenant = try await visit.get("/tenants/\(id)")
        try await visit.send(.patch, "/tenants/\(id)", try await TenantForm(visit, tenant).body(visit))
        return .redirect("/tenants", "The customer is changed.")
    }
    let delete = Deletion.page(
        "/tenants/{id}/delete", .admin, api: "/tenants/{id}", back: "/tenants", done: "The customer is deleted."
    ) { visit, id in
        "Delete \(try await visit.get("/tenants/\(id)")["name"].words)? \(tenantLoss)"
    }
    return [list, choose, companyOptions("/tenants/companies", .admin)] + new + edit + delete + limitPages()
}

private let tenantLoss = "Its tickets stay in ConnectWise; a connection of its own goes."

/// The form of a customer. The company that it has is never lost because a list does not hold it.
private struct TenantForm {
    private let tenant: Value
    private let company: Field?

    init(_ visit: Visit, _ tenant: Value) async throws {
        self.tenant = tenant
        let chosen = tenant["psa_company_id"].string.map { ($0, tenant["psa_company_name"].string ?? $0) }
        company = try await Choices.companies(visit, chosen: chosen)
    }

    var fields: [Field] {
        [Field("name", "Name", .text, focused: true)] + [company].compactMap(\.self) + [
            Field("active", "Offered", .flag)
        ]
    }

    var notes: [Block] {
        guard company == nil else { return [] }
        let present = tenant["psa_company_name"].string ?? tenant["psa_company_id"].string
        return [
            .notice(
                .warning, "The companies of ConnectWise cannot be had for the moment.",
                present.map { "The company stays \($0)." } ?? "The company can be chosen later.")
        ]
    }

    func body(_ visit: Visit) async throws -> [String: Value] {
        var body = Form(action: "", fields: fields.filter { $0.name != "psa_company_id" }, entries: visit.entries).body
        // A field that was not shown says nothing.
        guard let chosen = visit.entries["psa_company_id"], chosen != (tenant["psa_company_id"].string ?? "") else {
            return body
        }
        body["psa_company_id"] = .text(chosen)
        let name = chosen.isEmpty ? "" : try await Choices.company(chosen, visit)
        guard let name else {
            throw Problem.invalid([
                .init(field: "psa_company_id", code: "wrong_value", message: "There is no such company any more.")
            ])
        }
        body["psa_company_name"] = .text(name)
        return body
    }
}

/// To which customers a person is limited.
private func limitPages() -> [PageRoute] {
    PageRoute.form("/users/{id}/tenants", .admin) { visit, entries, problem in
        let id = try visit.parameter()
        let user = try await visit.get("/users/\(id)")
        let limits = try await visit.get("/users/\(id)/tenants")["tenants"]
        let chosen = entries.map { $0.all("tenants") } ?? limits.elements.map(\.words)
        let isLimited = entries.map { $0["limited"] == "true" } ?? (limits != .null)
        let tenants = try await Choices.tenants(visit)
        var blocks: [Block] = []
        if tenants.isEmpty {
            blocks.append(
                .notice(.info, nil, "There are no customers yet.", href: "/tenants/new", link: "New customer"))
        }
        let fields = [
            Field("limited", "Limited to some customers", .flag, help: "Sees and writes only to their tickets."),
            Field("tenants", "Customers", .several(tenants, chosen: Set(chosen))),
        ]
        return Page(
            title: "Customers of \(user["name"].words)", crumb: ("Users", "/users"),
            blocks: blocks + [
                Form(
                    action: "/users/\(id)/tenants", fields: fields, cancel: "/users/\(id)",
                    entries: Entries(["limited": isLimited ? "true" : nil]), problem: problem
                ).block
            ])
    } send: { visit in
        let id = try visit.parameter()
        let tenants = visit.entries.all("tenants").map(Value.init(typed:))
        let isLimited = visit.entries["limited"] == "true"
        try await visit.send(.put, "/users/\(id)/tenants", ["tenants": isLimited ? .list(tenants) : .null])
        return .redirect(
            "/users",
            isLimited
                ? "The person is limited to \(tenants.count == 1 ? "one customer" : "\(tenants.count) customers")."
                : "The limit is gone.")
    }
}

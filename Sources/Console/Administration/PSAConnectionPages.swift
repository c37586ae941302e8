import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

private typealias New = PSA.Connections.New.CodingKeys
private typealias Change = PSA.Connections.Change.CodingKeys

private let newFields = [
    Field(New.name, "Display name", .text, focused: true),
    Field(
        New.site, "Site", .text, help: "The host you sign in to, such as na.myconnectwise.net.",
        placeholder: "na.myconnectwise.net"),
    Field(New.company, "Company", .text, help: "The company ID that you enter on the sign-in page."),
    Field(
        New.publicKey.rawValue, "Public key", .text, help: "From an API member that you created for Patchbay.",
        autocomplete: "off"),
    Field(New.privateKey, "Private key", .password),
    Field(
        New.clientID.rawValue, "Client ID", .text, help: "From developer.connectwise.com.", autocomplete: "off"),
]

private let keptHelp = "Leave blank to keep the current value."

private let changeFields = [
    Field(Change.name, "Display name"),
    Field(Change.site, "Site", help: "If you change the site, enter all keys again."),
    Field(Change.company, "Company"),
    Field(Change.publicKey, "Public key", .secret, help: keptHelp, optional: true),
    Field(Change.privateKey, "Private key", .secret, help: keptHelp, optional: true),
    Field(Change.clientID, "Client ID", .secret, help: keptHelp, optional: true),
    Field(Change.enabled, "Enabled", .flag),
]

/// Connections to ConnectWise.
let psaPages: [PageRoute] =
    [shownPage, switchPage, testPage] + newPages + editPages
    + Deletion.page(
        "/connections/psa/{id}/delete", PSA.Connections.delete, back: "/connections", done: "Connection deleted."
    ) { visit, id in
        "Delete \(try await visit.ask(PSA.Connections.show(id)).name)? \(psaLoss)"
    }

private let newPages = PageRoute.form("/connections/psa/new", PSA.Connections.create.role) { visit, entries, problem in
    let fields = try await NewOwner(visit).fields + newFields
    return Page(
        title: "Connect ConnectWise", lead: "The keys are tested before they are saved, and stored encrypted.",
        crumb: ("Connections", "/connections"),
        blocks: [
            Form(
                action: "/connections/psa/new", fields: fields, submit: "Test and connect", cancel: "/connections",
                entries: entries ?? Entries(["name": "ConnectWise", "tenant": visit.query["tenant"]]),
                problem: problem
            ).block
        ])
} send: { visit in
    let members: [New: JSON] = Form(action: "", fields: newFields, entries: visit.entries).members()
    let connection: PSA.Connections.Answer =
        if let customer = try await NewOwner(visit).customer(visit.entries) {
            try await visit.send(PSA.Tenant.createConnection(customer, members))
        } else {
            try await visit.send(PSA.Connections.create(members))
        }
    return .redirect(connection.page, "\(connection.name) is connected.")
}

private let shownPage = PageRoute.get("/connections/psa/{id}", PSA.Connections.show.role) { visit in
    let connection = try await visit.ask(PSA.Connections.show(visit.place()))
    let owner = try await visit.owner(of: connection).map { [("Used for", Cell.text($0))] } ?? []
    var blocks: [Block] = []
    if let reason = connection.stateReason { blocks.append(.notice(.warning, nil, reason)) }
    blocks.append(
        .card(
            "Status",
            [
                .facts(
                    owner + connectionFacts(connection) + [
                        ("Last callback", .when(connection.lastCallbackAt)),
                        ("Ignore changes before", .when(connection.baselineAt, exact: true)),
                        ("Callback address", .mono(connection.callbackURL)),
                    ])
            ]))
    return Page(
        title: connection.name, crumb: ("Connections", "/connections"),
        actions: psaActions(visit, connection), blocks: Block.switchedOff(visit) + blocks)
}

private let editPages = PageRoute.form("/connections/psa/{id}/edit", PSA.Connections.update.role) {
    visit, entries, problem in
    let connection = try await visit.ask(PSA.Connections.show(visit.place()))
    let form = Form(
        action: connection.page + "/edit", fields: changeFields, submit: "Test and save", cancel: connection.page,
        entries: try entries ?? Entries(connection, changeFields), problem: problem)
    return Page(
        title: "Edit \(connection.name)", crumb: (connection.name, connection.page), blocks: [form.block])
} send: { visit in
    let connection = try await visit.ask(PSA.Connections.show(visit.place()))
    let form = Form(action: "", fields: changeFields, entries: visit.entries)
    try await visit.send(PSA.Connections.update(connection.id, form.members(changedFrom: connection)))
    return .redirect(connection.page, "Connection saved.")
}

private let testPage = PageRoute.post("/connections/psa/{id}/test", PSA.Connections.test.role) { visit in
    let id: PSA.Connections.ID = try visit.place()
    do {
        let connection = try await visit.send(PSA.Connections.test(id))
        return .redirect(connection.page, "\(connection.name) responds. Pending work continues.")
    } catch let problem as Problem where problem.status != .notFound {
        return refused("The test failed", problem, id)
    }
}

private let switchPage = PageRoute.post("/connections/psa/{id}/switch", PSA.Connections.update.role) { visit in
    let connection = try await visit.ask(PSA.Connections.show(visit.place()))
    guard let wanted = visit.entries[Change.enabled.rawValue], !wanted.isEmpty else {
        return .redirect(connection.page)
    }
    let isOn = wanted == "true"
    do {
        try await visit.send(PSA.Connections.update(connection.id, [.enabled: .flag(isOn)]))
        return .redirect(connection.page, "\(connection.name) is \(isOn ? "enabled" : "disabled").")
    } catch let problem as Problem where problem.status != .notFound {
        return refused(isOn ? "Not enabled" : "Not disabled", problem, connection.id)
    }
}

private func refused(_ title: String, _ problem: Problem, _ id: PSA.Connections.ID) -> Outcome {
    .page(
        Page(
            title: title, crumb: ("Connection", "/connections/psa/\(id)"),
            actions: [.link("Back", "/connections/psa/\(id)")], blocks: [.notice(.bad, nil, problem.detail)],
            status: problem.status))
}

/// Who a new connection can be for: the organization or a customer, if they have none in use.
private struct NewOwner {
    private let customers: [(value: String, label: String)]
    private let isOrganizationFree: Bool

    init(_ visit: Visit) async throws {
        let choice = try await ConnectionChoice(visit)
        isOrganizationFree = choice.organization?.enabled != true
        let owners = choice.owners.filter(\.isInUse).map(\.id.description)
        customers = try await Choices.tenants(visit).filter { !owners.contains($0.value) }
    }

    /// Nothing where there is only the organization to choose.
    var fields: [Field] {
        guard !customers.isEmpty else { return [] }
        let none = (value: "", label: isOrganizationFree ? "The organization" : "Choose a customer")
        return [
            Field(
                "tenant", "Used for", .choice([none] + customers),
                help: "All tickets that are found through a customer's own connection belong to that customer.")
        ]
    }

    /// The customer; nil for the organization.
    /// - Throws: 422 for a customer that has one: the API would disable it without asking.
    func customer(_ entries: Entries) throws(Problem) -> Tenants.ID? {
        guard let tenant = entries["tenant"] else { return nil }
        if tenant.isEmpty {
            guard isOrganizationFree else {
                throw Self.refusal("The organization already has a connection. Choose a customer.")
            }
            return nil
        }
        guard customers.contains(where: { $0.value == tenant }), let id = Tenants.ID(tenant) else {
            throw Self.refusal(
                "This customer already has a connection, or was deleted. Edit or disable that connection first.")
        }
        return id
    }

    private static func refusal(_ message: String) -> Problem {
        .invalid([.init(field: "tenant", code: "already_connected", message: message)])
    }
}

extension PSA.Connections.Answer {
    /// Its page.
    var page: String { "/connections/psa/\(id)" }
}

/// What is deleted together with a connection.
private let psaLoss =
    "Its rules, deliveries, copied tickets and member mappings are deleted for good. The post history stays."

/// What can be done to a connection to ConnectWise.
func psaActions(_ visit: Visit, _ connection: PSA.Connections.Answer) -> [Action] {
    let (name, isOn, isOwn) = (connection.name, connection.enabled, connection.tenant != nil)
    let consequence =
        isOwn
        ? "The customer's tickets are then read and written through the organization's connection."
        : "Tickets are no longer read or written."
    let loss = isOwn ? psaLoss + " The customer then uses the organization's connection." : psaLoss
    let enable = visit.allowed(
        PSA.Connections.update,
        .post(
            isOn ? "Disable" : "Enable", connection.page + "/switch", icon: "toggles",
            confirm: isOn
                ? "Disable \(name)? \(consequence) Stored data is kept. What is waiting continues if you enable it again within a day."
                : nil, hidden: [Change.enabled.rawValue: isOn ? "false" : "true"]))
    return visit.allowed(
        PSA.Connections.delete,
        .post(
            "Delete", connection.page + "/delete", style: "is-danger", icon: "trash",
            confirm: "Delete \(name)? \(isOn ? loss + " To keep everything, disable it instead." : loss)"))
        + enable
        + visit.allowed(PSA.Connections.update, .link("Edit", connection.page + "/edit", icon: "pencil"))
        + visit.allowed(
            PSA.Connections.test, .post("Test", connection.page + "/test", style: "is-primary", icon: "check2"))
}

extension Form {
    /// The fields as an operation's body, without those that are as they were: what is not changed need not be tested.
    func members<Member: CodingKey & Hashable>(changedFrom old: some Encodable) throws -> [Member: JSON] {
        let old = try JSON(of: old)
        return members().filter { old[$0.key.stringValue] == .null || old[$0.key.stringValue] != $0.value }
    }
}

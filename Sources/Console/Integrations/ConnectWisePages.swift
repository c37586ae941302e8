import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// The connection, its defaults and its rights.
let connectWisePages: [PageRoute] = [connectionTab] + settingsForm + rightsPages

private let connectionTab = PageRoute.get("/integrations", .viewer, topics: ["connections", "syncs"]) { visit in
    let choice = try await ConnectionChoice(visit)
    var page = Page(
        title: "Integrations", lead: "ConnectWise PSA: the connection, member mappings and the post history.",
        blocks: [integrationTabs(visit)])
    page.blocks += Block.switchedOff(visit)
    guard visit.may(PSA.Connections.list) else {
        page.blocks.append(.notice(.info, nil, "Only users who can see all customers can see connections."))
        return page
    }
    page.blocks += await choice.filters("/integrations", [], visit, submit: "Show")
    if let connection = choice.connection {
        try await show(connection, choice, on: &page, visit)
    } else {
        page.blocks.append(noConnection(choice, visit))
    }
    page.blocks += try await addingForCustomer(choice, visit)
    return page
}

private func show(
    _ connection: PSA.Connections.Answer, _ choice: ConnectionChoice, on page: inout Page, _ visit: Visit
) async throws {
    page.actions =
        visit.allowed(
            PSA.Rights.list,
            .link("Check rights", "/integrations/rights/\(connection.id)", icon: "shield-check"))
        + psaActions(visit, connection)
    if !connection.enabled {
        let substitute = choice.owner.flatMap { owner in
            choice.organization?.enabled == true
                ? "\(owner.name) uses the organization's connection until you enable it." : nil
        }
        page.blocks.append(
            .notice(
                .warning, "The connection is disabled.",
                "\(substitute ?? "Tickets are not read or written.") Stored data is kept."))
    }
    if let reason = connection.stateReason { page.blocks.append(.notice(.warning, nil, reason)) }
    let owner = choice.owner.map { [("Used for", Cell.text($0.name))] } ?? []
    page.blocks.append(
        .grid(
            2,
            [
                .card(connection.name, [.facts(owner + connectionFacts(connection))]),
                .card(
                    "Defaults",
                    actions: visit.allowed(
                        PSA.Settings.update,
                        .link("Edit", "/integrations/settings/\(connection.id)", style: "is-small", icon: "pencil")),
                    [.facts(settingFacts(try await visit.ask(PSA.Settings.show(connection.id))))]),
            ]))
}

private func noConnection(_ choice: ConnectionChoice, _ visit: Visit) -> Block {
    let connect = visit.allowed(
        PSA.Connections.create,
        .link("Connect ConnectWise", "/connections/psa/new", style: "is-primary", icon: "plus-lg"))
    guard choice.owners.isEmpty else {
        return .emptyState(
            "plug", "The organization has no connection to ConnectWise",
            "You can find and update tickets only for customers that have their own connection.", connect)
    }
    return .emptyState(
        "plug", "No connection to ConnectWise yet",
        "Connect it with the keys of an API member. Then you can find and update tickets.", connect)
}

/// The way to a connection for a customer, where there are customers.
private func addingForCustomer(_ choice: ConnectionChoice, _ visit: Visit) async throws -> [Block] {
    let add = visit.allowed(
        PSA.Connections.create,
        .link(
            "Add a connection for a customer", Visit.href("/connections/psa/new", ["tenant": choice.missing ?? ""]),
            style: "is-quiet", icon: "plus-lg"))
    guard !add.isEmpty, try await !Choices.tenants(visit).isEmpty else { return [] }
    return [.actions(add)]
}

/// A connection and its state, without what only its own page is about.
func connectionFacts(_ connection: PSA.Connections.Answer) -> [(String, Cell)] {
    [
        ("State", .badge(.connection(connection.state.text, isActive: connection.enabled))),
        ("Site", .text(connection.site)), ("Company", .text(connection.company)),
        ("Public key", .mono(connection.publicKeyHint)), ("Private key", .mono(connection.privateKeyHint)),
        ("Client ID", .mono(connection.clientIDHint)), ("Last tested", .when(connection.lastValidatedAt)),
    ]
}

private func settingFacts(_ settings: PSA.Settings.Answer) -> [(String, Cell)] {
    let statuses = Set(settings.boardStatuses.map(\.name)).sorted()
    let updated =
        statuses.isEmpty
        ? "Updated automatically, but no board has a status for it yet"
        : "Updated automatically: \(statuses.joined(separator: ", "))"
    return [
        ("Time per change", .text("\(settings.minutes) minutes")),
        ("Work role", .text(settings.workRole?.name ?? "ConnectWise default")),
        ("Work type", .text(settings.workType?.name ?? "ConnectWise default")),
        ("Note type", .text(NoteWords.title(settings.noteType.text))),
        ("Users without a mapping write as", .text(settings.member?.name ?? "The API member")),
        ("Status after a change", .text(settings.updatesStatus ? updated : "Unchanged")),
    ]
}

/// The connection that a page is about by its address; the organization's where that names none.
private func connection(of visit: Visit) async throws -> PSA.Connections.Answer {
    if visit.parameters["id"] != nil { return try await visit.ask(PSA.Connections.show(visit.place())) }
    guard let connection = try await visit.connection() else { throw Problem.notFound("connection") }
    return connection
}

/// The tab that shows a connection.
private func tab(of connection: PSA.Connections.Answer, _ visit: Visit) -> String {
    let organization = visit.chosenTenant == nil ? "" : ConnectionChoice.nobody
    return Visit.href("/integrations", ["tenant": connection.tenant?.description ?? organization])
}

private let settingsForm = ["/integrations/settings", "/integrations/settings/{id}"].flatMap { path in
    PageRoute.form(path, PSA.Settings.update.role) { visit, entries, problem in
        let connection = try await connection(of: visit)
        let choices = try await SettingChoices(visit, connection)
        let tab = tab(of: connection, visit)
        var present: [Block] = []
        var typed = entries
        if problem?.code == "stale" {
            present = [.card("Current defaults", [.facts(settingFacts(choices.settings))])]
            // Who has seen them may replace them.
            typed = entries?.with(["version": "\(choices.settings.version)"])
        }
        return Page(
            title: "Edit defaults", heading: "Defaults",
            lead: try await visit.owner(of: connection).map { "For \($0), through its own connection." },
            crumb: ("Integrations", tab),
            blocks: Block.switchedOff(visit) + choices.notes.map { .notice(.warning, nil, $0) } + present + [
                Form(
                    action: "/integrations/settings/\(connection.id)", fields: choices.fields, cancel: tab,
                    entries: typed ?? choices.entries, problem: problem
                ).block
            ])
    } send: { visit in
        let connection = try await connection(of: visit)
        let choices = try await SettingChoices(visit, connection)
        try await visit.send(PSA.Settings.update(connection.id, choices.body(visit.entries)))
        return .redirect(tab(of: connection, visit), "Defaults saved.")
    }
}

private let rightsPages = ["/integrations/rights", "/integrations/rights/{id}"].map { path in
    PageRoute.get(path, PSA.Rights.list.role) { visit in try await rights(of: connection(of: visit), visit) }
}

private func rights(of connection: PSA.Connections.Answer, _ visit: Visit) async throws -> Page {
    var page = Page(
        title: "Rights", heading: "Rights of the API member",
        lead:
            "Each right is checked with a call that changes nothing. Names are those of ConnectWise's security roles screen.",
        crumb: ("Integrations", tab(of: connection, visit)), blocks: [])
    let rights: [PSA.Rights.Answer]
    do {
        rights = try await visit.ask(PSA.Rights.list(connection.id)).items
    } catch let problem as Problem where problem.status != .notFound {
        page.blocks = [.notice(.bad, nil, problem.detail)]
        return page
    }
    let missing = rights.filter { $0.needed && $0.finding == .missing }
    page.blocks = [
        missing.isEmpty
            ? .notice(.good, nil, "The API member has every right that Patchbay needs and can check.")
            : .notice(
                .bad, nil,
                "\(missing.count == 1 ? "1 right is" : "\(missing.count) rights are") missing. Grant \(missing.count == 1 ? "it" : "them") in the security role of the API member."
            ),
        rightsTable("Needed", rights.filter(\.needed)),
        rightsTable("Granted, but not needed", rights.filter { !$0.needed && $0.finding == .granted }),
    ]
    return page
}

private func rightsTable(_ title: String, _ rights: [PSA.Rights.Answer]) -> Block {
    Table(
        caption: title, title: title, columns: ["Setting in ConnectWise", "Needed to", "State"],
        rows: rights.map { right in
            let badge =
                switch (right.finding.known, right.needed) {
                case (.granted, true): Badge(.good, "granted")
                case (.granted, false): Badge(.warning, "can be removed")
                case (.missing, _): Badge(.bad, "missing")
                case (.unknown, _), (nil, _): Badge(.muted, "unknown")
                }
            return [.main(right.setting), .text(right.purpose ?? "Nothing"), .badge(badge, sub: right.detail)]
        }, empty: Empty(icon: "shield-check", title: "None", text: "The API member has no rights beyond those needed.")
    ).block
}

import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// The connection, its settings and its rights.
let connectWisePages: [PageRoute] = [connectionTab] + settingsForm + rightsPages

private let connectionTab = PageRoute.get("/integrations", .viewer, topics: ["connections", "syncs"]) { visit in
    let choice = try await ConnectionChoice(visit)
    var page = Page(
        title: "Integrations", lead: "ConnectWise PSA: the connection, who is whom, and what was written.",
        blocks: [integrationTabs(visit)])
    page.blocks += Block.switchedOff(visit)
    guard visit.may(.get, integrationBase + "/connections") else {
        page.blocks.append(.notice(.info, nil, "Connections are shown to those who work for all customers."))
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

private func show(_ connection: Value, _ choice: ConnectionChoice, on page: inout Page, _ visit: Visit) async throws {
    let path = "\(integrationBase)/connections/\(connection["id"].words)"
    page.actions =
        visit.allowed(
            .get, integrationBase + "/connections/{id}/rights",
            .link("Check rights", "/integrations/rights/\(connection["id"].words)", icon: "shield-check"))
        + psaActions(visit, connection)
    if !connection["active"].isTrue {
        let meanwhile = choice.owner.flatMap { owner in
            choice.organization?["active"].isTrue == true
                ? "The organization's is used for \(owner.name) meanwhile" : nil
        }
        page.blocks.append(
            .notice(
                .warning, "The connection is switched off.",
                "\(meanwhile ?? "Nothing is read or written"); everything that is stored stays."))
    }
    if let reason = connection["state_reason"].string { page.blocks.append(.notice(.warning, nil, reason)) }
    let owner = choice.owner.map { [("Used for", Cell.text($0.name))] } ?? []
    page.blocks.append(
        .grid(
            2,
            [
                .card(connection["name"].words, [.facts(owner + connectionFacts(connection))]),
                .card(
                    "When nobody says otherwise",
                    actions: visit.allowed(
                        .put, integrationBase + "/connections/{id}/settings",
                        .link(
                            "Change", "/integrations/settings/\(connection["id"].words)", style: "is-small",
                            icon: "pencil"
                        )),
                    [.facts(settingFacts(try await visit.get(path + "/settings")))]),
            ]))
}

private func noConnection(_ choice: ConnectionChoice, _ visit: Visit) -> Block {
    let connect = visit.allowed(
        .post, integrationBase + "/connections",
        .link("Connect ConnectWise", "/connections/psa/new", style: "is-primary", icon: "plus-lg"))
    guard choice.owners.isEmpty else {
        return .emptyState(
            "plug", "The organization has no connection to ConnectWise",
            "Tickets can be searched and written to only for customers who have one of their own.", connect)
    }
    return .emptyState(
        "plug", "No connection to ConnectWise yet",
        "Connect it with the keys of an API member; then tickets can be searched and written to.", connect)
}

/// The way to a connection for a customer, where there are customers.
private func addingForCustomer(_ choice: ConnectionChoice, _ visit: Visit) async throws -> [Block] {
    let add = visit.allowed(
        .post, integrationBase + "/connections",
        .link(
            "Add a connection for a customer", Visit.href("/connections/psa/new", ["tenant": choice.missing ?? ""]),
            style: "is-quiet", icon: "plus-lg"))
    guard !add.isEmpty, try await !visit.get("/tenants", ["limit": "1"]).items.isEmpty else { return [] }
    return [.actions(add)]
}

/// A connection and how it stands, without what only its own page is about.
func connectionFacts(_ connection: Value) -> [(String, Cell)] {
    [
        ("State", .badge(.connection(connection["state"].words, isActive: connection["active"].isTrue))),
        ("Site", .text(connection["site"].words)), ("Company", .text(connection["company"].words)),
        ("Public key", .mono(connection["public_key_hint"].words)),
        ("Private key", .mono(connection["private_key_hint"].words)),
        ("Client id", .mono(connection["client_id_hint"].words)),
        ("Last tested", .when(connection["last_validated_at"].date)),
    ]
}

private func settingFacts(_ settings: Value) -> [(String, Cell)] {
    let statuses = Set(settings["board_statuses"].elements.map(\.["status_name"].words)).sorted()
    let moved =
        statuses.isEmpty
        ? "only where a status is set for the board; none is set yet"
        : "moved by itself: \(statuses.joined(separator: ", "))"
    return [
        ("Time for a change", .text("\(settings["default_minutes"].int) minutes")),
        ("Work role", .text(settings["work_role"]["name"].string ?? "as ConnectWise has it")),
        ("Work type", .text(settings["work_type"]["name"].string ?? "as ConnectWise has it")),
        ("A note is", .text(NoteWords.title(settings["note_type"].words))),
        ("Unmapped people write as", .text(settings["member"]["name"].string ?? "the API member")),
        (
            "Status after a change",
            .text(settings["auto_update_status"].isTrue ? moved : "stays as it is")
        ),
    ]
}

/// The connection that a page is about by its address; the organization's where that says nothing.
private func connection(of visit: Visit) async throws -> Value {
    if visit.parameters["id"] != nil {
        return try await visit.get("\(integrationBase)/connections/\(try visit.parameter())")
    }
    guard let connection = try await visit.connection() else { throw Problem.notFound("connection") }
    return connection
}

/// The tab that shows a connection.
private func tab(of connection: Value, _ visit: Visit) -> String {
    let organization = visit.chosenTenant == nil ? "" : ConnectionChoice.nobody
    return Visit.href("/integrations", ["tenant": connection["tenant_id"].string ?? organization])
}

private let settingsForm = ["/integrations/settings", "/integrations/settings/{id}"].flatMap { path in
    PageRoute.form(path, .admin) { visit, entries, problem in
        let connection = try await connection(of: visit)
        let choices = try await SettingChoices(visit, connection)
        let tab = tab(of: connection, visit)
        var present: [Block] = []
        var typed = entries
        if problem?.code == "stale" {
            present = [.card("What is set now", [.facts(settingFacts(choices.settings))])]
            // Who has seen that may replace it.
            typed = entries?.with(["version": choices.settings["version"].string])
        }
        return Page(
            title: "Change what applies", heading: "What applies when nobody says otherwise",
            lead: try await visit.owner(of: connection).map { "For \($0), through its own connection." },
            crumb: ("Integrations", tab),
            blocks: Block.switchedOff(visit) + choices.notes.map { .notice(.warning, nil, $0) } + present + [
                Form(
                    action: "/integrations/settings/\(connection["id"].words)", fields: choices.fields, cancel: tab,
                    entries: typed ?? choices.entries, problem: problem
                ).block
            ])
    } send: { visit in
        let connection = try await connection(of: visit)
        let choices = try await SettingChoices(visit, connection)
        try await visit.send(
            .put, "\(integrationBase)/connections/\(connection["id"].words)/settings", choices.body(visit.entries))
        return .redirect(tab(of: connection, visit), "That applies from now on.")
    }
}

/// The lists of ConnectWise from which settings are chosen, together with what is set. What a list does not hold, or
/// cannot be shown at all, stays as it is.
private struct SettingChoices {
    typealias Choice = (value: String, label: String)

    private static let mostBoards = 40

    private struct BoardChoice {
        let id: String
        let name: String
        let statuses: [Choice]
    }

    /// What is set.
    let settings: Value
    private var lists: [String: [Choice]] = [:]
    private var boards: [BoardChoice] = []
    /// What the form does not show, and why.
    private(set) var notes: [String] = []

    init(_ visit: Visit, _ connection: Value) async throws {
        let id = connection["id"].words
        settings = try await visit.get("\(integrationBase)/connections/\(id)/settings")
        try await readLists(visit, connection)
        do {
            try await readBoards(visit, of: id)
        } catch let problem as Problem {
            boards = []
            notes.append("The boards cannot be had for the moment; what is set stays. \(problem.detail)")
        }
    }

    private mutating func readLists(_ visit: Visit, _ connection: Value) async throws {
        // The API would answer with those of the connection that is used in its place.
        guard connection["active"].isTrue else {
            notes.append(
                "Some lists of ConnectWise cannot be had while the connection is switched off; what is set stays.")
            return
        }
        let psa = connection["tenant_id"].string.map { "/tenants/\($0)/connectwise" } ?? integrationBase
        do {
            for (name, path) in [("work_role", "work-roles"), ("work_type", "work-types"), ("member", "members")] {
                let found = try await Choices.named(visit, "\(psa)/\(path)")
                lists[name] = Self.with(settings[name]["id"].string, settings[name]["name"].string, found)
            }
        } catch let problem as Problem {
            notes.append("Some lists of ConnectWise cannot be had for the moment; what is set stays. \(problem.detail)")
        }
    }

    /// Those for which something is set come first; a long form helps nobody.
    private mutating func readBoards(_ visit: Visit, of connection: String) async throws {
        let all = try await Choices.all(visit) { Boards.list([.connection: connection], limit: $0, cursor: $1) }
            .map { (value: $0.id.description, label: $0.name) }.sorted { $0.label.lowercased() < $1.label.lowercased() }
        let chosen = all.filter { stored($0.value) != nil }
        let others = all.filter { stored($0.value) == nil }
        for board in chosen + others.prefix(max(0, Self.mostBoards - chosen.count)) {
            let shown = try await visit.ask(Boards.show(Boards.ID(board.value), [.connection: connection]))
            let statuses = (shown.statuses ?? []).filter { !$0.inactive && !$0.closed }
                .map { ($0.id.description, $0.name) }
            let set = stored(board.value)
            boards.append(
                BoardChoice(
                    id: board.value, name: board.label,
                    statuses: Self.with(set?["status_id"].string, set?["status_name"].string, statuses)))
        }
        let hidden = all.count - boards.count
        if hidden > 0 { notes.append("\(hidden) more boards are not shown; the API has them all.") }
    }

    private func stored(_ board: String) -> Value? {
        settings["board_statuses"].elements.first { $0["board_id"].words == board }
    }

    /// The choices, with the one that is set also when it is no longer offered.
    private static func with(_ id: String?, _ name: String?, _ choices: [Choice]) -> [Choice] {
        guard let id, !choices.contains(where: { $0.value == id }) else { return choices }
        return choices + [(id, "\(name ?? id) (no longer offered, or closes the ticket)")]
    }

    private func choice(_ name: String, _ label: String, _ none: String) -> [Field] {
        lists[name].map { [Field(name, label, .choice([("", none)] + $0), optional: true)] } ?? []
    }

    var fields: [Field] {
        [Field("default_minutes", "Time for a change, in minutes", .number)]
            + choice("work_role", "Work role", "As ConnectWise has it")
            + choice("work_type", "Work type", "As ConnectWise has it")
            + [Field("note_type", "A note is", .choice(NoteWords.choices))]
            + choice("member", "Unmapped people write as", "The API member")
            + [
                Field(
                    "auto_update_status", "Move the ticket after a change", .flag,
                    help: "To the status of its board below. Otherwise only when somebody says so.")
            ]
            + boards.map { board in
                Field(
                    "board_\(board.id)", "Status after a change on \(board.name)",
                    .choice([("", "Stays as it is")] + board.statuses), optional: true)
            } + [Field("version", "", .hidden)]
    }

    /// What is set, for the form.
    var entries: Entries {
        var values: [String: String?] = [
            "default_minutes": settings["default_minutes"].string, "note_type": settings["note_type"].string,
            "auto_update_status": settings["auto_update_status"].string, "version": settings["version"].string,
        ]
        for name in lists.keys { values[name] = settings[name]["id"].string }
        for board in settings["board_statuses"].elements {
            values["board_\(board["board_id"].words)"] = board["status_id"].string
        }
        return Entries(values)
    }

    /// The whole settings.
    func body(_ entries: Entries) -> [String: Value] {
        func reference(_ name: String) -> Value {
            // A field that was not in the form says nothing.
            guard let id = entries[name], id != settings[name]["id"].string else { return settings[name] }
            guard let label = lists[name]?.first(where: { $0.value == id })?.label else {
                return id.isEmpty ? .null : settings[name]
            }
            return .object(["id": .text(id), "name": .text(label)])
        }
        var statuses = settings["board_statuses"].elements
        for board in boards {
            guard let id = entries["board_\(board.id)"], id != (stored(board.id)?["status_id"].string ?? "") else {
                continue
            }
            let name = board.statuses.first { $0.value == id }?.label
            guard id.isEmpty || name != nil else { continue }
            statuses.removeAll { $0["board_id"].words == board.id }
            guard let name else { continue }
            statuses.append(
                .object(["board_id": .text(board.id), "status_id": .text(id), "status_name": .text(name)]))
        }
        let minutes = entries["default_minutes"] ?? ""
        return [
            "default_minutes": Value(typed: minutes),
            "work_role": reference("work_role"), "work_type": reference("work_type"), "member": reference("member"),
            "note_type": .text(entries["note_type"] ?? "internal_analysis"),
            "auto_update_status": .flag(entries["auto_update_status"] == "true"), "board_statuses": .list(statuses),
            "version": Value(typed: entries["version"]),
        ]
    }
}

private let rightsPages = ["/integrations/rights", "/integrations/rights/{id}"].map { path in
    PageRoute.get(path, .admin) { visit in try await rights(of: connection(of: visit), visit) }
}

private func rights(of connection: Value, _ visit: Visit) async throws -> Page {
    var page = Page(
        title: "Rights", heading: "Rights of the API member",
        lead: "Each is tried with a call that changes nothing, and named as on ConnectWise's screen of security roles.",
        crumb: ("Integrations", tab(of: connection, visit)), blocks: [])
    let rights: [Value]
    do {
        rights = try await visit.get("\(integrationBase)/connections/\(connection["id"].words)/rights").items
    } catch let problem as Problem where problem.status != .notFound {
        page.blocks = [.notice(.bad, nil, problem.detail)]
        return page
    }
    let missing = rights.filter { $0["needed"].isTrue && $0["finding"].words == "missing" }
    page.blocks = [
        missing.isEmpty
            ? .notice(.good, nil, "Everything that Patchbay needs and that can be tried is there.")
            : .notice(
                .bad, nil, "\(missing.count) rights are missing. Set them in the security role of the API member."),
        rightsTable("Needed", rights.filter { $0["needed"].isTrue }),
        rightsTable(
            "There, but not needed", rights.filter { !$0["needed"].isTrue && $0["finding"].words == "granted" }),
    ]
    return page
}

private func rightsTable(_ title: String, _ rights: [Value]) -> Block {
    Table(
        caption: title, title: title, columns: ["Setting in ConnectWise", "Needed to", "Finding"],
        rows: rights.map { right in
            let badge =
                switch (right["finding"].words, right["needed"].isTrue) {
                case ("granted", true): Badge(.good, "there")
                case ("granted", false): Badge(.warning, "can be taken away")
                case ("missing", _): Badge(.bad, "missing")
                default: Badge(.muted, "cannot be told")
                }
            return [
                .main(right["setting"].words), .text(right["purpose"].string ?? "nothing"),
                .badge(badge, sub: right["detail"].string),
            ]
        }, empty: Empty(icon: "shield-check", title: "None", text: "No right is there without need.")
    ).block
}

import Accounts
import Foundation
import HTTPTypes
import WebSupport

/// ConnectWise in three tabs: the connection, who is whom, and what was written.
func integrationPages() -> [PageRoute] {
    [connectionTab] + settingsForm + [rightsPage, memberTab] + memberActs + [postTab, postPage] + postActs
}

private let base = "/integrations/psa"

private func tabs(_ visit: Visit) -> Block {
    let all = [
        ("Connection", "/integrations", "/connections"),
        ("Member mapping", "/integrations/members", "/member-mappings"),
        ("Post history", "/integrations/posts", "/posts"),
    ]
    return .segments(
        "Integrations",
        all.filter { visit.may(.get, base + $0.2) }.map { ($0.0, $0.1, visit.path == $0.1) })
}

extension Visit {
    /// The connection that is used where no customer has one of its own, or else the one that was; nil when there is none,
    /// or for those who may not see it.
    fileprivate func connection() async throws -> Value? {
        guard may(.get, base + "/connections") else { return nil }
        let all = try await get(base + "/connections", ["limit": "200"]).items.filter { $0["tenant_id"] == .null }
        return all.first { $0["active"].isTrue } ?? all.first
    }

    /// What applies to writes through the connection that is used, where nobody says anything else.
    /// - Throws: 404 also for those who may not see it.
    func settingsInUse() async throws -> Value {
        var id = try await connection().flatMap { $0["active"].isTrue ? $0["id"].string : nil }
        if let tenant = try await tenant()?["id"].string {
            id = try await get("/tenants/\(tenant)/connectwise/enabled")["connection_id"].string
        }
        guard let id, may(.get, base + "/connections/{id}/settings") else { throw Problem.notFound("connection") }
        return try await get("\(base)/connections/\(id)/settings")
    }
}

extension Block {
    /// What stands in place of tickets while there is no ticketing system.
    static func notConnected(_ visit: Visit) -> Block {
        .emptyState(
            "plug", "No connection to ConnectWise yet",
            "An administrator connects it under Integrations; then tickets can be found and written to.",
            visit.allowed(
                .post, base + "/connections",
                .link("Connect ConnectWise", "/connections/psa/new", style: "is-primary", icon: "plus-lg")))
    }
}

// MARK: Connection

private let connectionTab = PageRoute.get("/integrations", .viewer) { visit in
    var page = Page(
        title: "Integrations", lead: "ConnectWise PSA: the connection, who is whom, and what was written.",
        blocks: [tabs(visit)])
    page.blocks += Block.switchedOff(visit)
    guard let connection = try await visit.connection() else {
        page.blocks.append(
            .emptyState(
                "plug", "No connection to ConnectWise yet",
                "Connect it with the keys of an API member; then tickets can be searched and written to.",
                visit.allowed(
                    .post, base + "/connections",
                    .link("Connect ConnectWise", "/connections/psa/new", style: "is-primary", icon: "plus-lg"))))
        return page
    }
    let id = connection["id"].words
    let settings = try await visit.get("\(base)/connections/\(id)/settings")
    page.actions =
        psaActions(visit, connection)
        + visit.allowed(
            .get, base + "/connections/{id}/rights",
            .link("Check rights", "/integrations/rights", icon: "shield-check"))
    if !connection["active"].isTrue {
        page.blocks.append(
            .notice(
                .warning, "The connection is switched off.",
                "Nothing is read or written; everything that is stored stays."))
    }
    if let reason = connection["state_reason"].string { page.blocks.append(.notice(.warning, nil, reason)) }
    page.blocks.append(
        .grid(
            2,
            [
                .card(
                    connection["name"].words,
                    [
                        .facts([
                            (
                                "State",
                                .badge(.connection(connection["state"].words, isActive: connection["active"].isTrue))
                            ),
                            ("Site", .text(connection["site"].words)), ("Company", .text(connection["company"].words)),
                            ("Public key", .mono(connection["public_key_hint"].words)),
                            ("Private key", .mono(connection["private_key_hint"].words)),
                            ("Client id", .mono(connection["client_id_hint"].words)),
                            ("Last tested", .when(connection["last_validated_at"].date)),
                        ])
                    ]),
                .card(
                    "When nobody says otherwise",
                    actions: visit.allowed(
                        .put, base + "/connections/{id}/settings",
                        .link("Change", "/integrations/settings", style: "is-small", icon: "pencil")),
                    [.facts(settingFacts(settings))]),
            ]))
    page.isLive = true
    return page
}

private func settingFacts(_ settings: Value) -> [(String, Cell)] {
    let boards = settings["board_statuses"].elements.map(\.["status_name"].words)
    return [
        ("Time for a change", .text("\(settings["default_minutes"].int) minutes")),
        ("Work role", .text(settings["work_role"]["name"].string ?? "as ConnectWise has it")),
        ("Work type", .text(settings["work_type"]["name"].string ?? "as ConnectWise has it")),
        ("A note is", .text(NoteWords.title(settings["note_type"].words))),
        ("Unmapped people write as", .text(settings["member"]["name"].string ?? "the API member")),
        (
            "Status after a change",
            .text(
                settings["auto_update_status"].isTrue
                    ? "moved by itself: \(Set(boards).sorted().joined(separator: ", "))" : "stays as it is")
        ),
    ]
}

private let settingsForm = PageRoute.form("/integrations/settings", .admin) { visit, entries, problem in
    guard let connection = try await visit.connection() else { throw Problem.notFound("connection") }
    let settings = try await visit.get("\(base)/connections/\(connection["id"].words)/settings")
    let choices = try await SettingChoices(visit, settings)
    return Page(
        title: "Change what applies", heading: "What applies when nobody says otherwise",
        crumb: ("Integrations", "/integrations"),
        blocks: Block.switchedOff(visit) + choices.notes.map { .notice(.warning, nil, $0) } + [
            Form(
                action: "/integrations/settings", fields: choices.fields, cancel: "/integrations",
                entries: entries ?? choices.entries, problem: problem
            ).block
        ])
} send: { visit in
    guard let connection = try await visit.connection() else { throw Problem.notFound("connection") }
    let path = "\(base)/connections/\(connection["id"].words)/settings"
    let choices = try await SettingChoices(visit, try await visit.get(path))
    try await visit.send(.put, path, choices.body(visit.entries))
    return .redirect("/integrations", "That applies from now on.")
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

    private let settings: Value
    private var lists: [String: [Choice]] = [:]
    private var boards: [BoardChoice] = []
    /// What the form does not show, and why.
    private(set) var notes: [String] = []

    init(_ visit: Visit, _ settings: Value) async throws {
        self.settings = settings
        do {
            for (name, path) in [("work_role", "work-roles"), ("work_type", "work-types"), ("member", "members")] {
                let found = try await Choices.named(visit, "\(base)/\(path)")
                lists[name] = Self.with(settings[name]["id"].string, settings[name]["name"].string, found)
            }
        } catch let problem as Problem {
            notes.append("Some lists of ConnectWise cannot be had for the moment; what is set stays. \(problem.detail)")
        }
        do {
            try await readBoards(visit)
        } catch let problem as Problem {
            boards = []
            notes.append("The boards cannot be had for the moment; what is set stays. \(problem.detail)")
        }
    }

    /// Those for which something is set come first; a long form helps nobody.
    private mutating func readBoards(_ visit: Visit) async throws {
        let all = try await Choices.named(visit, "/cw/boards")
        let chosen = all.filter { stored($0.value) != nil }
        let others = all.filter { stored($0.value) == nil }
        for board in chosen + others.prefix(max(0, Self.mostBoards - chosen.count)) {
            let statuses = try await visit.get("/cw/boards/\(board.value)")["statuses"].elements
                .filter { !$0["inactive"].isTrue && !$0["closed"].isTrue }.map { ($0["id"].words, $0["name"].words) }
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
            }
    }

    /// What is set.
    var entries: Entries {
        var values: [String: String?] = [
            "default_minutes": settings["default_minutes"].string, "note_type": settings["note_type"].string,
            "auto_update_status": settings["auto_update_status"].string,
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
            "default_minutes": Double(minutes).map(Value.number) ?? .text(minutes),
            "work_role": reference("work_role"), "work_type": reference("work_type"), "member": reference("member"),
            "note_type": .text(entries["note_type"] ?? "internal_analysis"),
            "auto_update_status": .flag(entries["auto_update_status"] == "true"), "board_statuses": .list(statuses),
        ]
    }
}

private let rightsPage = PageRoute.get("/integrations/rights", .admin) { visit in
    guard let connection = try await visit.connection() else { throw Problem.notFound("connection") }
    var page = Page(
        title: "Rights", heading: "Rights of the API member",
        lead: "Each is tried with a call that changes nothing, and named as on ConnectWise's screen of security roles.",
        crumb: ("Integrations", "/integrations"), blocks: [])
    let rights: [Value]
    do {
        rights = try await visit.get("\(base)/connections/\(connection["id"].words)/rights").items
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

// MARK: Members

private let memberTab = PageRoute.get("/integrations/members", .engineer) { visit in
    var page = Page(
        title: "Member mapping", heading: "Integrations",
        lead: "Whom ConnectWise names as the author of what somebody writes here.",
        crumb: nil, blocks: [tabs(visit)] + Block.switchedOff(visit))
    let isFiltered = !(visit.query["mapped"] ?? "").isEmpty
    let mappings: Value
    var members: [(value: String, label: String)] = []
    do {
        mappings = try await visit.get(base + "/member-mappings", visit.listQuery(["mapped"]))
        members = try await Choices.members(visit)
    } catch let problem as Problem where problem.code == "not_connected" {
        page.blocks.append(
            .emptyState(
                "people", "Set up a connection first", "Then its members can be matched with the people here.",
                [.link("Connection", "/integrations")]))
        return page
    } catch let problem as Problem where problem.status != .notFound {
        page.blocks.append(.notice(.bad, nil, problem.detail))
        return page
    }
    page.actions = visit.allowed(
        .post, base + "/member-mappings/auto-match",
        .post("Match by e-mail", "/integrations/members/auto-match", style: "is-primary", icon: "magic"))
    if visit.may(.post, base + "/member-mappings/auto-match") || isFiltered {
        let choices = [("", "Everybody"), ("true", "Mapped"), ("false", "Not mapped")]
        page.blocks.append(
            Filters.block(
                "/integrations/members", [Field("mapped", "Show", .choice(choices))], visit, clear: isFiltered))
    }
    let stand = (try? await visit.settingsInUse()).map { $0["member"]["name"].string ?? "the API member" }
    if members.isEmpty {
        page.blocks.append(
            .notice(
                .warning, nil, "No members are found in ConnectWise. The API member may lack the right to see them."))
    } else if mappings.items.allSatisfy({ $0["member_id"] == .null }), visit.query["cursor"] == nil, !isFiltered {
        page.blocks.append(.notice(.info, nil, "Nobody is mapped yet. Match by e-mail, or choose members below."))
    }
    page.blocks.append(
        Table(
            caption: "Member mapping", columns: ["Person", "Member in ConnectWise", "Matched by", .hidden("Choice")],
            rows: mappings.items.map { mappingRow($0, members, stand, visit) },
            empty: Empty(icon: "people", title: "Nobody fits", text: "No active person is like that."),
            pager: visit.pager(mappings)
        ).block)
    return page
}

/// - Parameter stand: in whose name unmapped people write; nil for those who may not know.
private func mappingRow(
    _ mapping: Value, _ members: [(value: String, label: String)], _ stand: String?, _ visit: Visit
) -> [Cell] {
    let isMapped = mapping["member_id"] != .null
    let matched =
        switch mapping["matched_by"].words {
        case "auto_email": "e-mail address"
        case "manual_self": "the person"
        case "manual_admin": "an administrator"
        default: "–"
        }
    let member: Cell =
        !isMapped
        ? .badge(
            Badge(.muted, "unmapped"),
            sub: "writes as \(stand ?? "the connection has it"), with a line that names the person")
        : mapping["member_inactive"].isTrue
            ? .badge(Badge(.bad, "has left ConnectWise"), sub: mapping["member_name"].string)
            : .text(mapping["member_name"].words, sub: mapping["member_identifier"].string)
    var choices = members
    if isMapped, !choices.contains(where: { $0.value == mapping["member_id"].words }) {
        choices.append((mapping["member_id"].words, mapping["member_name"].words))
    }
    return [
        .main(mapping["user_name"].words, sub: mapping["user_email"].string), member, .text(matched),
        visit.may(.post, base + "/member-mappings")
            ? .choice(
                Choosing(
                    href: "/integrations/members", name: "member_id",
                    label: "Member of \(mapping["user_name"].words)",
                    choices: [("", "Unmapped")] + choices, chosen: mapping["member_id"].words,
                    hidden: ["user_id": mapping["user_id"].words])) : .text(""),
    ]
}

private let memberActs: [PageRoute] = [
    .post("/integrations/members", .engineer) { visit in
        let member = visit.entries["member_id"] ?? ""
        let mapping: Value = .object([
            "user_id": Double(visit.entries["user_id"] ?? "").map(Value.number) ?? .null,
            "member_id": member.isEmpty ? .null : .text(member),
        ])
        do {
            let saved = try await visit.send(.post, base + "/member-mappings", ["mappings": .list([mapping])])
            let name = saved.items.first?["user_name"].words ?? ""
            return .redirect(
                "/integrations/members",
                member.isEmpty
                    ? "\(name) is unmapped." : "\(name) is \(saved.items.first?["member_name"].words ?? "") now.")
        } catch let problem as Problem {
            return .page(
                Page(
                    title: "Not saved", crumb: ("Member mapping", "/integrations/members"),
                    blocks: [.notice(.bad, nil, problem.detail), .actions([.link("Back", "/integrations/members")])],
                    status: problem.status))
        }
    },
    .post("/integrations/members/auto-match", .admin) { visit in
        let report: Value
        do {
            report = try await visit.send(.post, base + "/member-mappings/auto-match")
        } catch let problem as Problem {
            return .page(
                Page(
                    title: "Not matched", crumb: ("Member mapping", "/integrations/members"),
                    blocks: [.notice(.bad, nil, problem.detail)], status: problem.status))
        }
        func table(_ title: String, _ name: String, _ note: String) -> Block {
            Table(
                caption: title, title: "\(title): \(report[name].elements.count)", columns: ["Person", "Member"],
                rows: report[name].elements.map { person in
                    [
                        .main(person["user_name"].words, sub: person["user_email"].string),
                        .text(person["member_name"].string ?? note),
                    ]
                }, empty: Empty(icon: "people", title: "Nobody", text: note)
            ).block
        }
        return .page(
            Page(
                title: "Matched by e-mail", crumb: ("Member mapping", "/integrations/members"),
                actions: [.link("Done", "/integrations/members", style: "is-primary")],
                blocks: [
                    table("Matched", "matched", "nobody new"),
                    table("Ambiguous", "ambiguous", "the address fits several, or the member is taken"),
                    table("Not found", "unmatched", "no member has this address"),
                ]))
    },
]

// MARK: Posts

private let postTab = PageRoute.get("/integrations/posts", .engineer) { visit in
    let page = try await visit.get(base + "/posts", visit.listQuery(["state", "kind", "ticket_id", "mine"]))
    let isFiltered = ["state", "kind", "ticket_id"].contains { !(visit.query[$0] ?? "").isEmpty }
    let hasConnection = try await visit.isConnected()
    // The API shows engineers their own.
    let seesAll = visit.principal.role >= .admin
    return Page(
        title: "Post history", heading: "Integrations",
        lead: seesAll
            ? "Everything that was written to tickets, by whom, and what became of it."
            : "What you wrote to tickets, and what became of it.",
        blocks: [tabs(visit)] + Block.switchedOff(visit) + [
            Filters.block(
                "/integrations/posts",
                [
                    Field("ticket_id", "Ticket", .text, placeholder: "10042"),
                    Field(
                        "state", "State",
                        .choice([
                            ("", "All"), ("queued", "Waiting"), ("sent", "Written"), ("failed", "Failed"),
                            ("skipped", "Nothing to do"),
                        ])),
                    Field(
                        "kind", "Kind",
                        .choice([("", "All"), ("note", "Note"), ("time", "Time"), ("status", "Status")])),
                ], visit, clear: isFiltered),
            Table(
                caption: "Posts", columns: ["Post", "Ticket", "State", "By", "Asked"],
                rows: page.items.map(PostWords.row),
                empty: isFiltered
                    ? Empty(icon: "funnel", title: "No post fits", text: "Nothing like that was written.")
                    : Empty(
                        icon: "journal-text", title: "No posts yet",
                        text: hasConnection
                            ? "Open a ticket and write a note, log time or change its status."
                            : "Connect ConnectWise first.",
                        actions: [
                            hasConnection ? .link("Find a ticket", "/tickets") : .link("Connection", "/integrations")
                        ]), pager: visit.pager(page)
            ).block,
        ], isLive: true)
}

private let postPage = PageRoute.get("/integrations/posts/{id}", .engineer) { visit in
    let id = try visit.parameter()
    let post = try await visit.get("\(base)/posts/\(id)")
    return PostWords.page(post, visit)
}

private let postActs: [PageRoute] = [
    .post("/integrations/posts/{id}/retry", .engineer) { visit in
        let id = try visit.parameter()
        var body: [String: Value] = [:]
        for name in ["work_role_id", "work_type_id"] {
            if let chosen = visit.entries[name], !chosen.isEmpty { body[name] = .text(chosen) }
        }
        do {
            let answer = try await visit.send(.post, "\(base)/posts/\(id)/retry", body)
            return .redirect("/tickets/\(answer["ticket_id"].words)", answer["message"].words)
        } catch let problem as Problem where problem.status != .notFound || problem.instance != nil {
            var page = PostWords.page(try await visit.get("\(base)/posts/\(id)"), visit)
            page.blocks.insert(.notice(.bad, nil, problem.detail), at: 0)
            page.status = problem.status
            return .page(page)
        }
    }
]

/// How posts are shown.
enum PostWords {
    static func what(_ post: Value) -> String {
        switch post["kind"].words {
        case "note": NoteWords.title(post["note_type"].words)
        case "time": "\(post["minutes"].int) minutes"
        default:
            post["status_to"]["name"].string.map { "Status: \($0)" } ?? "Status"
        }
    }

    static func badge(_ post: Value) -> Badge {
        switch post["state"].words {
        case "sent": Badge(.good, "written")
        case "queued": Badge(.info, "waiting")
        case "failed": Badge(.bad, "failed")
        default: Badge(.muted, "nothing to do")
        }
    }

    static func row(_ post: Value) -> [Cell] {
        [
            .main(what(post), "/integrations/posts/\(post["id"].words)", sub: post["content"].string.map(short)),
            ticket(post), .badge(badge(post), sub: post["error"].string.map(short)),
            .text(post["by"].words, sub: post["member"].string.map { "as \($0)" } ?? "as the API member"),
            .when(post["created_at"].date),
        ]
    }

    /// Whether trying the same again leads nowhere: the status that was expected stays another one, the connection is gone.
    static func isOvertaken(_ post: Value) -> Bool {
        ["status_changed", "connection_removed", "connection_moved"].contains(post["error_code"].words)
    }

    /// A number is not broken over two lines.
    private static func ticket(_ post: Value) -> Cell {
        var cell = Cell.main("#\(post["ticket_id"].words)", "/tickets/\(post["ticket_id"].words)")
        cell.isNarrow = true
        return cell
    }

    private static func short(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.count > 140 ? line.prefix(139) + "…" : line
    }

    /// One post with all that is known of it, and what can be done.
    static func page(_ post: Value, _ visit: Visit) -> Page {
        let id = post["id"].words
        var facts: [(String, Cell)] = [
            ("State", .badge(badge(post))),
            ("Ticket", .main("#\(post["ticket_id"].words)", "/tickets/\(post["ticket_id"].words)")),
            ("By", .text(post["by"].words, sub: post["origin"].string)),
            ("In the name of", .text(post["member"].string ?? "the API member")),
            ("Asked", .when(post["created_at"].date, exact: true)),
            ("Last tried", .when(post["tried_at"].date, otherwise: "not yet", exact: true)),
            ("Attempts", .text("\(post["attempts"].int)")),
            ("Record in ConnectWise", .text(post["record_id"].string)),
        ]
        if let from = post["status_from"]["name"].string {
            facts.append(("Status", .text("\(from) → \(post["status_to"]["name"].string ?? "unchanged")")))
        }
        var blocks: [Block] = []
        if let error = post["error"].string {
            blocks.append(.notice(post["state"].words == "failed" ? .bad : .warning, nil, error))
        }
        blocks += Block.switchedOff(visit)
        let isOvertaken = isOvertaken(post)
        let canRetry = ["failed", "queued"].contains(post["state"].words) && !isOvertaken
        if isOvertaken, visit.may(.post, base + "/tickets/{id}/log-change") {
            blocks.append(
                .actions([
                    .link(
                        "Update the ticket", "/tickets/\(post["ticket_id"].words)/update", style: "is-primary",
                        icon: "pencil-square")
                ]))
        }
        if canRetry, visit.may(.post, base + "/posts/{id}/retry") {
            let roles = post["work_roles"].elements.map { ($0["id"].words, $0["name"].words) }
            blocks.append(
                Form(
                    title: nil, action: "/integrations/posts/\(id)/retry",
                    fields: roles.isEmpty
                        ? []
                        : [
                            Field(
                                "work_role_id", "Work role", .choice(roles),
                                help: "These are valid where the ticket belongs.")
                        ],
                    submit: post["state"].words == "queued" ? "Try now" : "Try again", isCard: !roles.isEmpty
                ).block)
        }
        blocks.append(.card("What is known", [.facts(facts)]))
        if let content = post["content"].string {
            blocks.append(.card("As written", [Block("message", ["text": content])]))
        }
        return Page(
            title: what(post), heading: "\(what(post)) on #\(post["ticket_id"].words)",
            crumb: ("Post history", "/integrations/posts"), blocks: blocks)
    }
}

/// Types of notes as people say them.
enum NoteWords {
    static func title(_ type: String) -> String {
        switch type {
        case "resolution": "Resolution"
        case "description": "Description"
        default: "Internal analysis"
        }
    }

    /// What a note on a ticket is.
    static func shown(_ note: Value) -> String {
        note["note_type"].string.map(title) ?? "Note"
    }

    static let choices = [
        (value: "internal_analysis", label: "Internal analysis"), (value: "resolution", label: "Resolution"),
        (value: "description", label: "Description, seen by the customer"),
    ]
}

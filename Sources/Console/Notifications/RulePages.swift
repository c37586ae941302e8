import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

private let updates = [
    ("none", "None: new tickets only"), ("notes", "Notes as well"), ("all", "Every change"),
]
private let visibilities = [
    ("all", "All notes"), ("public", "Only notes the customer sees"), ("internal", "Only internal notes"),
]

func rulePages() -> [PageRoute] {
    let list = PageRoute.get("/rules", .viewer) { visit in
        let page = try await visit.get("/notifiers/rules", visit.listQuery(["board_id", "recipient_id"]))
        let boards = try await Choices.boards(visit, "Every board")
        let mayChange = visit.may(.patch, "/notifiers/rules/{id}")
        let rows = page.items.map { rule -> [Cell] in
            let id = rule["id"].words
            let isOn = rule["enabled"].isTrue
            let name = "\(rule["board_name"].words) to \(rule["recipient_name"].words)"
            return [
                mayChange
                    ? .toggle(
                        Toggle(
                            href: "/rules/\(id)/toggle", label: isOn ? "Switch off \(name)" : "Switch on \(name)",
                            isOn: isOn,
                            hidden: ["enabled": isOn ? "false" : "true"]))
                    : .badge(isOn ? Badge(.good, "on") : Badge(.muted, "off")),
                .main(rule["board_name"].string ?? "Board \(rule["board_id"].words)", mayChange ? "/rules/\(id)" : nil),
                .text(rule["recipient_name"].words, sub: rule["recipient_kind"].string),
                .text(updates.first { $0.0 == rule["updates"].words }?.1),
                .text(visibilities.first { $0.0 == rule["visibility"].words }?.1),
                rule["simulate"].isTrue ? .badge(Badge(.info, "simulated")) : .text("sent"),
                .actions(
                    visit.allowed(
                        .patch, "/notifiers/rules/{id}",
                        .link("Edit", "/rules/\(id)", style: "is-small is-quiet", about: name))),
            ]
        }
        let isFiltered = visit.query["board_id"]?.isEmpty == false || visit.query["recipient_id"]?.isEmpty == false
        let new = visit.allowed(
            .post, "/notifiers/rules", .link("New rule", "/rules/new", style: "is-primary", icon: "plus-lg"))
        return Page(
            title: "Rules", lead: "Which room or person hears of a board's tickets.",
            actions: [.link("Who would be told?", "/rules/preview", icon: "question-circle")] + new,
            blocks: [
                Filters.block(
                    "/rules", [Field("board_id", "Board", .choice(boards))], visit,
                    clear: isFiltered),
                Table(
                    caption: "Rules",
                    columns: [
                        .hidden("On or off"), "Board", "Recipient", "Updates", "Notes", "Delivery", .hidden("Actions"),
                    ],
                    rows: rows,
                    empty: isFiltered
                        ? Empty(
                            icon: "funnel", title: "No rule fits", text: "No rule is about this board.", actions: new)
                        : Empty(
                            icon: "signpost-split", title: "No rules yet",
                            text:
                                "A rule sends what happens on a board to a room or a person. Assigned people are told even without one.",
                            actions: new), pager: visit.pager(page)
                ).block,
            ])
    }
    @Sendable func fields(_ visit: Visit, isNew: Bool) async throws -> [Field] {
        let target =
            isNew
            ? [
                Field("board_id", "Board", .choice(try await Choices.boards(visit, "Choose a board"))),
                Field("recipient_id", "Recipient", .choice(try await Choices.recipients(visit)), numeric: true),
            ] : []
        return target + [
            Field(
                "updates", "Updates", .choice(updates.map { ($0.0, $0.1) }), help: "What is told beside new tickets."),
            Field("visibility", "Notes", .choice(visibilities.map { ($0.0, $0.1) })),
            Field(
                "thread_updates", "Updates as replies", .flag, help: "Updates answer the message about the new ticket."),
            Field("simulate", "Simulate", .flag, help: "Everything is decided and recorded, nothing is sent."),
            Field("enabled", "Switched on", .flag),
        ]
    }
    let new = PageRoute.form("/rules/new", .admin) { visit, entries, problem in
        let form = Form(
            action: "/rules/new", fields: try await fields(visit, isNew: true), submit: "Make the rule",
            cancel: "/rules",
            entries: entries ?? Entries(["updates": "none", "visibility": "all", "enabled": "true"]), problem: problem)
        return Page(title: "New rule", crumb: ("Rules", "/rules"), blocks: [form.block])
    } send: { visit in
        let form = Form(action: "", fields: try await fields(visit, isNew: true), entries: visit.entries)
        let rule = try await visit.send(.post, "/notifiers/rules", form.body)
        return .redirect("/rules", "\(rule["recipient_name"].words) now hears of \(rule["board_name"].words).")
    }
    let edit = PageRoute.form("/rules/{id}", .admin) { visit, entries, problem in
        let id = try visit.parameter()
        let rule = try await visit.get("/notifiers/rules/\(id)")
        let fields = try await fields(visit, isNew: false)
        let form = Form(
            action: "/rules/\(id)", fields: fields, cancel: "/rules", entries: entries ?? Entries(rule, fields),
            problem: problem)
        let name = "\(rule["board_name"].words) → \(rule["recipient_name"].words)"
        return Page(
            title: name, crumb: ("Rules", "/rules"),
            actions: [
                .post(
                    "Delete", "/rules/\(id)/delete", style: "is-danger", icon: "trash",
                    confirm:
                        "Delete the rule \(name)? \(rule["recipient_name"].words) will not hear of this board any more."
                )
            ], blocks: [form.block])
    } send: { visit in
        let id = try visit.parameter()
        let form = Form(action: "", fields: try await fields(visit, isNew: false), entries: visit.entries)
        try await visit.send(.patch, "/notifiers/rules/\(id)", form.body)
        return .redirect("/rules", "The rule is changed.")
    }
    let toggle = PageRoute.post("/rules/{id}/toggle", .admin) { visit in
        let isOn = visit.entries["enabled"] == "true"
        let rule = try await visit.send(
            .patch, "/notifiers/rules/\(try visit.parameter())", ["enabled": .flag(isOn)])
        return .redirect(
            "/rules",
            "\(rule["board_name"].words) → \(rule["recipient_name"].words) is switched \(isOn ? "on" : "off").")
    }
    let delete = Deletion.page(
        "/rules/{id}/delete", .admin, api: "/notifiers/rules/{id}", back: "/rules", done: "The rule is deleted."
    ) { visit, id in
        let rule = try await visit.get("/notifiers/rules/\(id)")
        return "Delete the rule \(rule["board_name"].words) → \(rule["recipient_name"].words)?"
    }
    return [list, previewPage] + new + edit + [toggle] + delete
}

private let previewPage = PageRoute.get("/rules/preview", .viewer) { visit in
    let kinds = ["created", "note_added", "assigned", "status_changed", "closed", "reopened", "priority_changed"]
    let fields = [
        Field(
            "ticket_id", "Ticket", visit.may(.get, "/integrations/psa/tickets/search") ? .ticket : .text,
            placeholder: "10042, or printer", focused: true),
        Field("event", "What happens", .choice(kinds.map { ($0, EventWords.of($0)) })),
    ]
    var blocks = [Filters.block("/rules/preview", fields, visit, clear: false, submit: "Show")]
    if let ticket = visit.query["ticket_id"], !ticket.isEmpty {
        do {
            let preview = try await visit.send(
                .post, "/notifiers/preview",
                ["ticket_id": .text(ticket), "event": .text(visit.query["event"] ?? "created")])
            let rows = preview["items"].elements.map { item -> [Cell] in
                [
                    .main(item["recipient_name"].words, sub: item["recipient_kind"].string),
                    .badge(
                        item["state"].words == "queued"
                            ? Badge(.good, "would be told") : Badge(.muted, item["state"].words)),
                    .text(item["reason"].words),
                    .text(item["forwarded_from"].elements.map(\.words).joined(separator: " → ")),
                ]
            }
            blocks.append(
                Table(
                    caption: "Who would be told", columns: ["Recipient", "Outcome", "Why", "Forwarded from"],
                    rows: rows,
                    empty: Empty(
                        icon: "person-slash", title: "Nobody would be told",
                        text: preview["reason"].string ?? "No rule fits, and nobody is assigned.")
                ).block)
        } catch let problem as Problem {
            blocks.append(.notice(.warning, nil, problem.detail))
        }
    } else {
        blocks.append(
            .text("Enter a ticket's number to see who would be told, and why. Nothing is sent.", style: "muted"))
    }
    return Page(title: "Who would be told?", crumb: ("Rules", "/rules"), blocks: blocks)
}

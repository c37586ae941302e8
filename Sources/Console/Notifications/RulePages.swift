import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

private let updates: [(Rules.Updates, String)] = [
    (.none, "New tickets only"), (.notes, "New tickets and notes"), (.all, "All changes"),
]
private let visibilities: [(Rules.Visibility, String)] = [
    (.all, "All notes"), (.public, "Notes the customer can see"), (.internal, "Internal notes"),
]

extension Rules.Answer {
    /// As a sentence names it.
    fileprivate var name: String { "\(boardName ?? "Board \(board)") → \(recipientName)" }
}

func rulePages() -> [PageRoute] {
    let list = PageRoute.get("/rules", .viewer) { visit in
        let page = try await visit.ask(Rules.list(visit.filters(), limit: visit.limit, cursor: visit.cursor))
        let boards = try await Choices.boards(visit, "All boards")
        let isFiltered = !visit.filters(Rules.Filter.self).isEmpty
        let new = visit.allowed(
            Rules.create, .link("New rule", "/rules/new", style: "is-primary", icon: "plus-lg"))
        return Page(
            title: "Rules", lead: "Which rooms and people are notified about each board.",
            actions: [.link("Who gets notified?", "/rules/preview", icon: "question-circle")] + new,
            blocks: [
                Filters.block(
                    "/rules", [Field(filter: Rules.Filter.board, "Board", .choice(boards))], visit, clear: isFiltered),
                Table(
                    caption: "Rules",
                    columns: [
                        .hidden("Enabled"), "Board", "Recipient", "Updates", "Notes", "Delivery", .hidden("Actions"),
                    ],
                    rows: page.items.map { row($0, visit) },
                    empty: isFiltered
                        ? Empty(
                            icon: "funnel", title: "No matching rules",
                            text: "No rule notifies anyone about this board.",
                            actions: new)
                        : Empty(
                            icon: "signpost-split", title: "No rules yet",
                            text:
                                "A rule notifies a room or a person about a board's tickets. Assigned members are notified even without one.",
                            actions: new), pager: visit.pager(page)
                ).block,
            ])
    }
    let new = PageRoute.form("/rules/new", Rules.create.role) { visit, entries, problem in
        let form = Form(
            action: "/rules/new", fields: try await target(visit) + options, submit: "Create rule", cancel: "/rules",
            entries: entries ?? Entries(["updates": "none", "visibility": "all", "enabled": "true"]), problem: problem)
        return Page(title: "New rule", crumb: ("Rules", "/rules"), blocks: [form.block])
    } send: { visit in
        let form = Form(action: "", fields: try await target(visit) + options, entries: visit.entries)
        let rule = try await visit.send(Rules.create(form.members()))
        return .redirect(
            "/rules", "\(rule.recipientName) is now notified about \(rule.boardName ?? "board \(rule.board)").")
    }
    let edit = PageRoute.form("/rules/{id}", Rules.update.role) { visit, entries, problem in
        let rule = try await visit.ask(Rules.show(visit.place()))
        let form = Form(
            action: "/rules/\(rule.id)", fields: options, cancel: "/rules",
            entries: try entries ?? Entries(rule, options), problem: problem)
        return Page(
            title: rule.name, crumb: ("Rules", "/rules"),
            actions: [
                .post(
                    "Delete", "/rules/\(rule.id)/delete", style: "is-danger", icon: "trash",
                    confirm:
                        "Delete the rule \(rule.name)? \(rule.recipientName) will no longer be notified about this board."
                )
            ], blocks: [form.block])
    } send: { visit in
        let form = Form(action: "", fields: options, entries: visit.entries)
        try await visit.send(Rules.update(visit.place(), form.members()))
        return .redirect("/rules", "Rule saved.")
    }
    let toggle = PageRoute.post("/rules/{id}/toggle", Rules.update.role) { visit in
        let isOn = visit.entries["enabled"] == "true"
        let rule = try await visit.send(Rules.update(visit.place(), [.enabled: .flag(isOn)]))
        return .redirect("/rules", "\(rule.name) is \(isOn ? "enabled" : "disabled").")
    }
    let delete = Deletion.page("/rules/{id}/delete", Rules.delete, back: "/rules", done: "Rule deleted.") { visit, id in
        "Delete the rule \(try await visit.ask(Rules.show(id)).name)?"
    }
    return [list, previewPage] + new + edit + [toggle] + delete
}

private func row(_ rule: Rules.Answer, _ visit: Visit) -> [Cell] {
    let mayChange = visit.may(Rules.update)
    return [
        mayChange
            ? .toggle(
                Toggle(
                    href: "/rules/\(rule.id)/toggle", label: "\(rule.enabled ? "Disable" : "Enable") \(rule.name)",
                    isOn: rule.enabled, hidden: ["enabled": rule.enabled ? "false" : "true"]))
            : .badge(rule.enabled ? Badge(.good, "enabled") : Badge(.muted, "disabled")),
        .main(rule.boardName ?? "Board \(rule.board)", mayChange ? "/rules/\(rule.id)" : nil),
        .text(rule.recipientName, sub: rule.recipientKind.text),
        .text(updates.first { rule.updates == $0.0 }?.1 ?? rule.updates.text),
        .text(visibilities.first { rule.visibility == $0.0 }?.1 ?? rule.visibility.text),
        rule.simulate ? .badge(Badge(.info, "simulated")) : .text("sent"),
        .actions(
            visit.allowed(
                Rules.update, .link("Edit", "/rules/\(rule.id)", style: "is-small is-quiet", about: rule.name))),
    ]
}

/// What only a new rule has.
private func target(_ visit: Visit) async throws -> [Field] {
    typealias Member = Rules.New.CodingKeys
    return [
        Field(Member.board, "Board", .choice(try await Choices.boards(visit, "Choose a board"))),
        Field(Member.recipient, "Recipient", .choice(try await Choices.recipients(visit)), numeric: true),
    ]
}

private let options: [Field] = {
    typealias Member = Rules.Change.CodingKeys
    return [
        Field(
            Member.updates, "Updates", .choice(updates.map { ($0.0.rawValue, $0.1) }),
            help: "Notify about changes after a ticket is created."),
        Field(Member.visibility, "Notes", .choice(visibilities.map { ($0.0.rawValue, $0.1) })),
        Field(Member.threadUpdates, "Post updates as replies in the same thread", .flag),
        Field(Member.simulate, "Simulate", .flag, help: "Decide and record everything, but send nothing."),
        Field(Member.enabled, "Enabled", .flag),
    ]
}()

private let previewPage = PageRoute.get("/rules/preview", .viewer) { visit in
    typealias Member = Previews.Question.CodingKeys
    let kinds: [Events.Kind] = [
        .created, .noteAdded, .assigned, .statusChanged, .closed, .reopened, .priorityChanged,
    ]
    let fields = [
        Field(
            Member.ticket, "Ticket", visit.may(Tickets.search.main) ? .ticket : .text,
            placeholder: "10042, or printer", focused: true),
        Field(Member.event, "What happens", .choice(kinds.map { ($0.rawValue, EventWords.of($0)) })),
    ]
    var blocks = [Filters.block("/rules/preview", fields, visit, clear: false, submit: "Show")]
    if let ticket = visit.query[Member.ticket.rawValue], !ticket.isEmpty {
        do {
            let event = visit.query[Member.event.rawValue] ?? Events.Kind.created.rawValue
            let preview = try await visit.send(Previews.create([.ticket: .text(ticket), .event: .text(event)]))
            blocks.append(
                Table(
                    caption: "Who gets notified", columns: ["Recipient", "Outcome", "Why", "Forwarded from"],
                    rows: preview.items.map(row),
                    empty: Empty(
                        icon: "person-slash", title: "No one would be notified",
                        text: preview.reason ?? "No rule matches, and no one is assigned.")
                ).block)
        } catch let problem as Problem {
            blocks.append(.notice(.warning, nil, problem.detail))
        }
    } else {
        blocks.append(
            .text("Enter a ticket number to see who would be notified, and why. Nothing is sent.", style: "muted"))
    }
    return Page(title: "Who gets notified?", crumb: ("Rules", "/rules"), blocks: blocks)
}

private func row(_ item: Previews.Item) -> [Cell] {
    let outcome =
        switch item.outcome.known {
        case .notify: Badge(.good, "would be notified")
        case .simulate: Badge(.info, "would be simulated")
        case .skip: Badge(.muted, "not notified")
        case nil: Badge(.muted, item.outcome.text)
        }
    return [
        .main(item.recipientName, sub: item.recipientKind.text), .badge(outcome), .text(item.reason),
        .text(item.forwardedFrom.joined(separator: " → ")),
    ]
}

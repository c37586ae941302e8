import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// The kinds of sync as people say them.
enum SyncWords {
    static func of(_ kind: Open<Syncs.Kind>) -> String {
        switch kind.known {
        case .catchUp: "Catch-up"
        case .callbacks: "Callback check"
        case .boards, .recipients, .tickets, nil: kind.text.sentenceCased
        }
    }

    static func summary(of kind: Open<Syncs.Kind>) -> String {
        switch kind.known {
        case .boards: "Boards and their statuses."
        case .recipients: "Rooms and people of the chat system."
        case .tickets: "All open tickets, compared with the copy in Patchbay."
        case .catchUp: "Changes that no callback reported."
        case .callbacks: "Whether ConnectWise still calls Patchbay."
        case nil: ""
        }
    }
}

extension Syncs.Answer {
    fileprivate var isUnderWay: Bool { state == .running || state == .queued }
}

func syncPages() -> [PageRoute] {
    [
        .get("/sync", .viewer, topics: ["syncs"]) { visit in
            let cards = try await visit.ask(Syncs.list()).items.map { card($0, visit) }
            let runs = visit.allowed(
                Syncs.start,
                .post("Run all", "/sync", icon: "arrow-repeat", hidden: ["kinds": "boards recipients tickets"]))
            var blocks: [Block] = []
            if cards.isEmpty {
                blocks.append(
                    .emptyState("arrow-repeat", "Nothing to sync yet", "Syncs start with the first connection."))
            } else {
                blocks.append(.grid(2, cards))
            }
            if visit.may(Syncs.start), !cards.isEmpty {
                let boards = try await Choices.boards(visit, "All boards")
                blocks.append(
                    Form(
                        title: "Compare the open tickets of one board", action: "/sync",
                        fields: [
                            Field(Syncs.Start.CodingKeys.kinds, "", .hidden), Field("board", "Board", .choice(boards)),
                        ], submit: "Start", entries: Entries(["kinds": Syncs.Kind.tickets.rawValue])
                    ).block)
            }
            return Page(
                title: "Sync",
                lead: "Patchbay compares its data with the outside systems on a schedule, and when you ask for it.",
                actions: cards.isEmpty ? [] : runs, blocks: blocks)
        },
        .post("/sync", Syncs.start.role) { visit in
            let kinds = (visit.entries["kinds"] ?? "").splitBytes(on: " ").map(String.init)
            var body: [Syncs.Start.CodingKeys: JSON] = [.kinds: .list(kinds.map(JSON.text))]
            if let board = visit.entries["board"], !board.isEmpty { body[.boards] = .list([.text(board)]) }
            try await visit.send(Syncs.start(body))
            let names = kinds.map { SyncWords.of(.init($0)) }.joined(separator: ", ")
            return .redirect("/sync", "Started: \(names).")
        },
        .post("/sync/{id}/cancel", Syncs.cancel.role) { visit in
            let sync = try await visit.send(Syncs.cancel(visit.place()))
            return .redirect("/sync", "\(SyncWords.of(sync.kind)) canceled.")
        },
    ]
}

private func card(_ sync: Syncs.Answer, _ visit: Visit) -> Block {
    let name = SyncWords.of(sync.kind)
    var parts: [Block] = [.text(SyncWords.summary(of: sync.kind), style: "muted section")]
    if sync.isUnderWay {
        parts.append(
            Block(
                "progress",
                [
                    "isKnown": (sync.total ?? 0) > 0, "done": "\(sync.done)", "total": "\(sync.total ?? 0)",
                    "progressLabel": name,
                    "progressNote": sync.total.map { "\(sync.done) of \($0)" } ?? "\(sync.done) done",
                ]))
    }
    var facts: [(String, Cell)] = [
        ("State", .badge(.sync(sync.state))), ("Connection", .text(sync.connectionName)),
        ("Last run", .when(sync.finishedAt ?? sync.startedAt)), ("Compared", .text("\(sync.done)")),
    ]
    if let seconds = sync.duration { facts.append(("Duration", .text("\(seconds) s"))) }
    facts.append(("Next run", .when(sync.nextRunAt, otherwise: sync.isUnderWay ? "after this one" : "on request")))
    if let error = sync.lastError { facts.append(("Error", .text(error))) }
    parts.append(.facts(facts))
    let run =
        sync.isUnderWay
        ? visit.allowed(
            Syncs.cancel, .post("Cancel", "/sync/\(sync.id)/cancel", style: "is-small", about: name))
        : visit.allowed(
            Syncs.start,
            .post("Run now", "/sync", style: "is-small", about: name, hidden: ["kinds": sync.kind.text]))
    return .card(name, actions: run, parts)
}

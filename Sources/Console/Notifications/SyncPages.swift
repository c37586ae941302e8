import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// The kinds of sync as people say them.
enum SyncWords {
    static func of(_ kind: String) -> String {
        switch kind {
        case "catch_up": "Catch-up"
        case "callbacks": "Callback check"
        default: kind.sentenceCased
        }
    }

    static func summary(of kind: String) -> String {
        switch kind {
        case "boards": "Boards and their statuses."
        case "recipients": "Rooms and people of the chat system."
        case "tickets": "All open tickets, compared with what is known."
        case "catch_up": "Changes of which no callback told."
        case "callbacks": "Whether ConnectWise still calls us."
        default: ""
        }
    }
}

func syncPages() -> [PageRoute] {
    [
        .get("/sync", .viewer, topics: ["syncs"]) { visit in
            let syncs = try await visit.get("/sync/status").items
            let cards = syncs.map { sync -> Block in
                let kind = sync["kind"].words
                var parts: [Block] = [.text(SyncWords.summary(of: kind), style: "muted section")]
                let isRunning = ["running", "queued"].contains(sync["state"].words)
                if isRunning {
                    let (done, total) = (sync["done"].int, sync["total"])
                    parts.append(
                        Block(
                            "progress",
                            [
                                "isKnown": total != .null && total.int > 0, "done": "\(done)", "total": "\(total.int)",
                                "progressLabel": SyncWords.of(kind),
                                "progressNote": total != .null ? "\(done) of \(total.int)" : "\(done) so far",
                            ]))
                }
                var facts: [(String, Cell)] = [
                    ("State", .badge(.sync(sync["state"].words))), ("Connection", .text(sync["connection"].words)),
                    ("Last run", .when(sync["finished_at"].date ?? sync["started_at"].date)),
                    ("Looked at", .text(sync["done"].words)),
                ]
                if let seconds = sync["duration_seconds"].string { facts.append(("Took", .text("\(seconds) s"))) }
                facts.append(
                    (
                        "Next run",
                        .when(sync["next_run_at"].date, otherwise: isRunning ? "after this one" : "on request")
                    ))
                if let error = sync["last_error"].string { facts.append(("Error", .text(error))) }
                parts.append(.facts(facts))
                let run =
                    isRunning
                    ? visit.allowed(
                        .post, "/sync/{id}/cancel",
                        .post(
                            "Cancel", "/sync/\(sync["id"].words)/cancel", style: "is-small", about: SyncWords.of(kind)))
                    : visit.allowed(
                        .post, "/sync",
                        .post("Run now", "/sync", style: "is-small", about: SyncWords.of(kind), hidden: ["kinds": kind])
                    )
                return .card(SyncWords.of(kind), actions: run, parts)
            }
            let runs = visit.allowed(
                .post, "/sync",
                .post("Run all", "/sync", icon: "arrow-repeat", hidden: ["kinds": "boards recipients tickets"]))
            var blocks: [Block] = []
            if cards.isEmpty {
                blocks.append(
                    .emptyState("arrow-repeat", "Nothing to sync yet", "Syncs begin with the first connection."))
            } else {
                blocks.append(.grid(2, cards))
            }
            if visit.may(.post, "/sync"), !cards.isEmpty {
                let boards = try await Choices.boards(visit, "Every board")
                blocks.append(
                    Form(
                        title: "Compare the open tickets of one board", action: "/sync",
                        fields: [
                            Field("kinds", "", .hidden), Field("board", "Board", .choice(boards)),
                        ], submit: "Start", entries: Entries(["kinds": "tickets"])
                    ).block)
            }
            return Page(
                title: "Sync",
                lead: "Patchbay compares itself with the outside systems by schedule, and when you say so.",
                actions: cards.isEmpty ? [] : runs, blocks: blocks)
        },
        .post("/sync", .admin) { visit in
            let kinds = (visit.entries["kinds"] ?? "").splitBytes(on: " ").map(String.init)
            var body: [String: Value] = ["kinds": .list(kinds.map(Value.text))]
            if let board = visit.entries["board"], !board.isEmpty { body["board_ids"] = .list([.text(board)]) }
            try await visit.send(.post, "/sync", body)
            return .redirect("/sync", "\(kinds.map(SyncWords.of).joined(separator: ", ")): started.")
        },
        .post("/sync/{id}/cancel", .admin) { visit in
            let sync = try await visit.send(.post, "/sync/\(try visit.parameter())/cancel")
            return .redirect("/sync", "\(SyncWords.of(sync["kind"].words)) is cancelled.")
        },
    ]
}

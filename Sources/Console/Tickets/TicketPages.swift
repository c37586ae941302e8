import Accounts
import Foundation
import HTTPTypes
import WebSupport

func ticketPages() -> [PageRoute] {
    [
        PageRoute(method: .get, path: "/tickets", role: .viewer) { visit in
            let number = (visit.query["number"] ?? "").trimmingCharacters(in: .whitespaces).trimmingPrefix("#")
            if !number.isEmpty, number.allSatisfy({ $0.isNumber }) { return .redirect("/tickets/\(number)") }
            let recent = try await visit.get("/overview")["recent_events"].elements
            var blocks: [Block] = [
                Filters.block(
                    "/tickets", [Field("number", "Ticket number", .text, placeholder: "10042", focused: true)], visit,
                    clear: false, submit: "Open")
            ]
            if !number.isEmpty {
                blocks.append(.notice(.warning, nil, "A ticket is found by its number, such as 10042."))
            }
            blocks.append(
                Table(
                    caption: "Tickets with news", title: "Tickets with news",
                    columns: ["Ticket", "Latest event", "When"],
                    rows: recent.map { event in
                        [
                            .main(
                                "#\(event["ticket_id"].words) \(event["summary"].words)",
                                "/tickets/\(event["ticket_id"].words)"),
                            .text(EventWords.of(event["kind"].words)), .when(event["created_at"].date),
                        ]
                    },
                    empty: Empty(
                        icon: "ticket-detailed", title: "No events yet",
                        text: "Tickets appear here when something happens to them.")
                ).block)
            return .page(
                Page(
                    title: "Tickets", lead: "What happened to a ticket, who was told, and why.", blocks: blocks,
                    isLive: number.isEmpty))
        },
        .get("/tickets/{id}", .viewer) { visit in
            let id = try visit.parameter()
            let page = try await visit.get("/tickets/\(id)/events", visit.listQuery([]))
            let entries = page.items.map { event -> Model in
                let deliveries = event["deliveries"].elements
                let isBad = deliveries.contains { $0["state"].words == "failed" }
                let by = event["by"].string.map { " by \($0)" } ?? ""
                let change = [event["from"].string, event["to"].string].compactMap(\.self).joined(separator: " → ")
                let member = event["member"].string.map { ": \($0)" } ?? ""
                return Model([
                    "tone": isBad ? "is-bad" : deliveries.isEmpty ? "is-muted" : "is-good",
                    "stamp": event["created_at"].date.map { Stamp($0, exact: true).model },
                    "entryTitle": EventWords.of(event["kind"].words) + member + (change.isEmpty ? "" : ": \(change)")
                        + by,
                    "entryText": event["note"].string,
                    "lines": deliveries.map { delivery in
                        [
                            "badge": Badge.delivery(delivery["state"].words).model,
                            "lineText":
                                "\(delivery["recipient_name"].words) – \(delivery["error"].string ?? delivery["reason"].words)",
                        ] as Model
                    }, "entryNote": deliveries.isEmpty ? event["reason"].string ?? "Nobody was told." : nil,
                ])
            }
            let summary = page.items.last?["summary"].string
            return Page(
                title: "Ticket \(id)", heading: "#\(id)" + (summary.map { " \($0)" } ?? ""),
                crumb: ("Tickets", "/tickets"),
                actions: [
                    .link("Deliveries", Visit.href("/deliveries", ["ticket_id": id]), icon: "send"),
                    .link(
                        "Who would be told?", Visit.href("/rules/preview", ["ticket_id": id]), icon: "question-circle"),
                ],
                blocks: entries.isEmpty
                    ? [
                        .emptyState(
                            "ticket-detailed", "Nothing is known of this ticket",
                            "Either there is no such ticket, or nothing has happened to it since Patchbay was connected."
                        )
                    ]
                    : [
                        .card("Timeline", [Block("timeline", ["entries": entries])]),
                        .pager(visit.pager(page)),
                    ], isLive: true)
        },
    ]
}

extension Block {
    /// Only the way to the next page, below something that is no table.
    fileprivate static func pager(_ pager: Pager) -> Block {
        .actions(
            [
                pager.firstHref.map { Action.link("First page", $0, style: "is-small") },
                pager.nextHref.map { Action.link("Next page", $0, style: "is-small") },
            ].compactMap(\.self))
    }
}

func searchPages() -> [PageRoute] {
    [
        PageRoute(method: .get, path: "/search", role: .viewer) { visit in
            let text = (visit.query["q"] ?? "").trimmingCharacters(in: .whitespaces)
            var results: [Model] = []
            let number = text.trimmingPrefix("#")
            if !number.isEmpty, number.allSatisfy(\.isNumber) {
                results.append([
                    "href": "/tickets/\(number)", "icon": "ticket-detailed", "label": "Ticket #\(number)",
                    "hint": "timeline",
                ])
                results.append([
                    "href": Visit.href("/deliveries", ["ticket_id": String(number)]), "icon": "send",
                    "label": "Deliveries about #\(number)", "hint": "messages",
                ])
            }
            let words = text.lowercased()
            results += Navigation.links(for: visit).filter { words.isEmpty || $0.label.lowercased().contains(words) }
                .map {
                    ["href": $0.href, "icon": $0.icon, "label": $0.label, "hint": $0.jump.map { "g \($0)" } ?? ""]
                }
            if words.count >= 2 {
                let found = try await visit.get("/webex/rooms", ["q": text, "limit": "6"]).items
                results += found.map {
                    [
                        "href": Visit.href("/rules", ["recipient_id": $0["id"].words]), "icon": "people",
                        "label": $0["name"].words, "hint": "rules for this \($0["kind"].words)",
                    ]
                }
            }
            let block = Block("found", ["results": results])
            guard visit.query["fragment"] == nil else { return .fragment("results", block.model) }
            return .page(
                Page(
                    title: "Search",
                    blocks: [
                        Filters.block(
                            "/search", [Field("q", "Search or go to", .text, focused: true)], visit, clear: false,
                            submit: "Search"),
                        block,
                    ]))
        }
    ]
}

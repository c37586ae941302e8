import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

func deliveryPages() -> [PageRoute] {
    let list = PageRoute.get("/deliveries", .viewer, topics: ["deliveries"]) { visit in
        let names = ["state", "ticket_id", "recipient_id", "since", "until"]
        let page = try await visit.get("/notifiers/deliveries", visit.listQuery(names))
        let state = visit.query["state"] ?? ""
        let states = [
            ("", "All"), ("failed", "Failed"), ("queued", "Queued"), ("uncertain", "Uncertain"), ("sent", "Sent"),
            ("skipped", "Skipped"), ("simulated", "Simulated"),
        ]
        let isFiltered = names.contains { visit.query[$0]?.isEmpty == false }
        let again =
            state == "failed" && !page.items.isEmpty
            ? visit.allowed(
                .post, "/notifiers/deliveries/retry",
                .post(
                    "Send all failed again", "/deliveries/all/retry-all", icon: "arrow-clockwise",
                    confirm: "Send all failed deliveries again, of all pages?")) : []
        let fields = [
            Field("state", "", .hidden), Field("ticket_id", "Ticket", .text, placeholder: "Number"),
        ]
        let rows = page.items.map { delivery -> [Cell] in
            let id = delivery["id"].words
            let about = "delivery \(id) to \(delivery["recipient_name"].words)"
            return [
                .badge(.delivery(delivery["state"].words)),
                .main(
                    "#\(delivery["ticket_id"].words) \(delivery["summary"].words)", "/deliveries/\(id)",
                    sub: EventWords.of(delivery["event_kind"].words)),
                .text(delivery["recipient_name"].words),
                .text(delivery["error"].string ?? delivery["reason"].words),
                .when(delivery["created_at"].date),
                .actions(
                    delivery["state"].words == "failed"
                        ? visit.allowed(
                            .post, "/notifiers/deliveries/{id}/retry",
                            .post("Send again", "/deliveries/\(id)/retry", style: "is-small", about: about)) : []),
            ]
        }
        return Page(
            title: "Deliveries", lead: "Every message: what became of it, and why.", actions: again,
            blocks: [
                .segments(
                    "State", states.map { ($0.1, visit.href(["state": $0.0, "cursor": nil]), $0.0 == state) }),
                Filters.block("/deliveries", fields, visit, clear: isFiltered),
                Table(
                    caption: "Deliveries",
                    columns: ["State", "Ticket", "Recipient", "Why", "When", .hidden("Actions")], rows: rows,
                    empty: isFiltered
                        ? Empty(
                            icon: "funnel", title: "No delivery fits", text: "Try another state, or clear the filter.")
                        : Empty(
                            icon: "send", title: "No messages yet",
                            text: "As soon as a ticket changes on a board with a rule, its messages appear here."),
                    pager: visit.pager(page)
                ).block,
            ])
    }
    let one = PageRoute.get("/deliveries/{id}", .viewer, topics: ["deliveries"]) { visit in
        let id = try visit.parameter()
        let delivery = try await visit.get("/notifiers/deliveries/\(id)")
        let why = try await visit.get("/notifiers/deliveries/\(id)/explanation")
        let ticket = delivery["ticket_id"].words
        var message: Block
        do {
            message = Block(
                "message",
                ["text": ChatText.plain(try await visit.get("/notifiers/deliveries/\(id)/message")["markdown"].words)])
        } catch let problem as Problem {
            message = .text(problem.detail, style: "muted")
        }
        let again =
            delivery["state"].words == "failed"
            ? visit.allowed(
                .post, "/notifiers/deliveries/{id}/retry",
                .post("Send again", "/deliveries/\(id)/retry", style: "is-primary", icon: "arrow-clockwise")) : []
        let forwarded = delivery["forwarded_from"].elements.map(\.words)
        var facts: [(String, Cell)] = [
            ("State", .badge(.delivery(delivery["state"].words))),
            ("Ticket", .main("#\(ticket) \(delivery["summary"].words)", "/tickets/\(ticket)")),
            ("Event", .text(EventWords.of(delivery["event_kind"].words))),
            ("Recipient", .text(delivery["recipient_name"].words)),
            ("Why", .text(why["reason"].string ?? delivery["reason"].words)),
        ]
        if !forwarded.isEmpty { facts.append(("Forwarded from", .text(forwarded.joined(separator: " → ")))) }
        if let error = delivery["error"].string { facts.append(("Error", .text(error))) }
        facts += [
            ("Attempts", .text(delivery["attempts"].words)),
            ("Decided", .when(delivery["created_at"].date, exact: true)),
            ("Sent", .when(delivery["sent_at"].date, otherwise: "not sent", exact: true)),
        ]
        if let tracking = delivery["tracking_id"].string { facts.append(("Tracking id", .mono(tracking))) }
        if let sent = delivery["message_id"].string { facts.append(("Message id", .mono(sent))) }
        if delivery["state"].words == "uncertain" {
            facts.append(
                (
                    "What now",
                    .text(
                        "The connection broke before the answer. Patchbay looks in the chat for the message and sends it only if it is not there."
                    )
                ))
        }
        return Page(
            title: "Delivery \(id)", heading: "To \(delivery["recipient_name"].words)",
            crumb: ("Deliveries", "/deliveries"),
            actions: again,
            blocks: [
                .grid(2, [.card("What became of it", [.facts(facts)]), .card("Message", [message])])
            ])
    }
    let retry = PageRoute.post("/deliveries/{id}/retry", .dispatcher) { visit in
        let id = try visit.parameter()
        try await visit.send(.post, "/notifiers/deliveries/\(id)/retry")
        return .redirect("/deliveries/\(id)", "The delivery is sent again.")
    }
    let all = Deletion.confirmed(
        "/deliveries/{id}/retry-all", .dispatcher, label: "Send again", back: "/deliveries?state=failed"
    ) { _, _ in
        "Send all failed deliveries again?"
    } act: { visit, _ in
        let answer = try await visit.send(.post, "/notifiers/deliveries/retry", ["state": .text("failed")])
        return .redirect("/deliveries", "\(answer["count"].int) deliveries are sent again.")
    }
    return [list, one, retry] + all
}

/// Markdown as a chat program would show it, as text: links by their words, no marks, no escapes.
enum ChatText {
    static func plain(_ markdown: String) -> String {
        words(of: markdown)
            .replacing(bytes: "**", with: "")
            .replacing(/\\([\\`*_\[\]#~|!>])/) { $0.output.1 }
            .replacing(bytes: "&lt;", with: "<").replacing(bytes: "&gt;", with: ">").replacing(
                bytes: "&amp;", with: "&")
    }

    /// Links by their words, in one pass: a pattern would begin anew at each of a thousand brackets.
    private static func words(of markdown: String) -> String {
        var (text, rest) = ("", markdown[...])
        while let middle = rest.utf8.firstRange(of: "]("),
            let end = rest.utf8[middle.upperBound...].firstIndex(of: UInt8(ascii: ")"))
        {
            let before = rest[..<middle.lowerBound]
            // The words begin behind the last bracket that something closed, or at the first one there is.
            let from = before.utf8.lastIndex(of: UInt8(ascii: "]")).map(before.utf8.index(after:)) ?? before.startIndex
            if let start = before.utf8[from...].firstIndex(of: UInt8(ascii: "[")) {
                text += before[..<start] + before[before.utf8.index(after: start)...]
                rest = rest[rest.utf8.index(after: end)...]
            } else {
                text += rest[..<middle.upperBound]
                rest = rest[middle.upperBound...]
            }
        }
        return text + rest
    }
}

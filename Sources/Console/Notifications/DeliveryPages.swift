import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

private let states: [(Deliveries.State?, String)] = [
    (nil, "All"), (.failed, "Failed"), (.queued, "Queued"), (.uncertain, "Uncertain"), (.sent, "Sent"),
    (.skipped, "Skipped"), (.simulated, "Simulated"),
]

func deliveryPages() -> [PageRoute] {
    let list = PageRoute.get("/deliveries", .viewer, topics: ["deliveries"]) { visit in
        let page = try await visit.ask(Deliveries.list(visit.filters(), limit: visit.limit, cursor: visit.cursor))
        let state = visit.query["state"] ?? ""
        let isFiltered = !visit.filters(Deliveries.Filter.self).isEmpty
        let retryAll =
            state == Deliveries.State.failed.rawValue && !page.items.isEmpty
            ? visit.allowed(
                Deliveries.retryAll,
                .post(
                    "Retry all failed", "/deliveries/all/retry-all", icon: "arrow-clockwise",
                    confirm: "Retry all failed deliveries, on every page?")) : []
        typealias Filter = Deliveries.Filter
        return Page(
            title: "Deliveries", lead: "Every message: whether it arrived, and why it was sent.", actions: retryAll,
            blocks: [
                .segments(
                    "State",
                    states.map { choice, label in
                        let value = choice?.rawValue ?? ""
                        return (label, visit.href(["state": value, "cursor": nil]), value == state)
                    }),
                Filters.block(
                    "/deliveries",
                    [
                        Field(filter: Filter.state, "", .hidden),
                        Field(filter: Filter.ticket, "Ticket", placeholder: "Number"),
                    ], visit, clear: isFiltered),
                Table(
                    caption: "Deliveries",
                    columns: ["State", "Ticket", "Recipient", "Why", "When", .hidden("Actions")],
                    rows: page.items.map { row($0, visit) },
                    empty: isFiltered
                        ? Empty(
                            icon: "funnel", title: "No matching deliveries",
                            text: "Try another state, or clear the filter.")
                        : Empty(
                            icon: "send", title: "No messages yet",
                            text: "Messages appear here when a ticket changes on a board with a rule."),
                    pager: visit.pager(page)
                ).block,
            ])
    }
    let one = PageRoute.get("/deliveries/{id}", .viewer, topics: ["deliveries"]) { visit in
        let delivery = try await visit.ask(Deliveries.show(visit.place()))
        let why = try await visit.ask(Deliveries.explain(delivery.id))
        var message: Block
        do {
            let markdown = try await visit.ask(Deliveries.message(delivery.id)).markdown
            message = Block("message", ["text": ChatText.plain(markdown)])
        } catch let problem as Problem {
            message = .text(problem.detail, style: "muted")
        }
        return Page(
            title: "Delivery \(delivery.id)", heading: "To \(delivery.recipientName)",
            crumb: ("Deliveries", "/deliveries"),
            actions: retry(delivery, visit, style: "is-primary", icon: "arrow-clockwise"),
            blocks: [
                .grid(2, [.card("Delivery", [.facts(facts(delivery, why))]), .card("Message", [message])])
            ])
    }
    let retryOne = PageRoute.post("/deliveries/{id}/retry", Deliveries.retry.role) { visit in
        let delivery = try await visit.send(Deliveries.retry(visit.place()))
        return .redirect("/deliveries/\(delivery.id)", "Retrying the delivery.")
    }
    let all = Deletion.confirmed(
        "/deliveries/{id}/retry-all", Deliveries.retryAll.role, label: "Retry", back: "/deliveries?state=failed"
    ) { _, _ in
        "Retry all failed deliveries?"
    } act: { visit, _ in
        let failed = Deliveries.State.failed.rawValue
        let count = try await visit.send(Deliveries.retryAll([.state: .text(failed)])).count
        return .redirect("/deliveries", "Retrying \(count) \(count == 1 ? "delivery" : "deliveries").")
    }
    return [list, one, retryOne] + all
}

private func retry(
    _ delivery: Deliveries.Answer, _ visit: Visit, style: String, icon: String? = nil, about: String? = nil
) -> [Action] {
    guard delivery.state == .failed else { return [] }
    return visit.allowed(
        Deliveries.retry,
        .post("Retry", "/deliveries/\(delivery.id)/retry", style: style, icon: icon, about: about))
}

private func row(_ delivery: Deliveries.Answer, _ visit: Visit) -> [Cell] {
    [
        .badge(.delivery(delivery.state)),
        .main(
            "#\(delivery.ticket) \(delivery.summary)", "/deliveries/\(delivery.id)",
            sub: EventWords.of(delivery.eventKind)),
        .text(delivery.recipientName),
        .text(delivery.error ?? delivery.reason),
        .when(delivery.createdAt),
        .actions(
            retry(
                delivery, visit, style: "is-small", about: "delivery \(delivery.id) to \(delivery.recipientName)")),
    ]
}

private func facts(_ delivery: Deliveries.Answer, _ why: Explanations.Answer) -> [(String, Cell)] {
    var facts: [(String, Cell)] = [
        ("State", .badge(.delivery(delivery.state))),
        ("Ticket", .main("#\(delivery.ticket) \(delivery.summary)", "/tickets/\(delivery.ticket)")),
        ("Event", .text(EventWords.of(delivery.eventKind))),
        ("Recipient", .text(delivery.recipientName)),
        ("Why", .text(why.reason)),
    ]
    if !delivery.forwardedFrom.isEmpty {
        facts.append(("Forwarded from", .text(delivery.forwardedFrom.joined(separator: " → "))))
    }
    if let error = delivery.error { facts.append(("Error", .text(error))) }
    facts += [
        ("Attempts", .text("\(delivery.attempts)")),
        ("Created", .when(delivery.createdAt, exact: true)),
        ("Sent", .when(delivery.sentAt, otherwise: "not sent", exact: true)),
    ]
    if let tracking = delivery.trackingID { facts.append(("Tracking ID", .mono(tracking))) }
    if let sent = delivery.messageID { facts.append(("Message ID", .mono(sent))) }
    if delivery.state == .uncertain {
        facts.append(
            (
                "What happens next",
                .text(
                    "The connection broke before the chat system answered. Patchbay looks for the message in the chat and sends it only if it is not there."
                )
            ))
    }
    return facts
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

    /// Links by their words, in one pass: a pattern would start again at each of a thousand brackets.
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

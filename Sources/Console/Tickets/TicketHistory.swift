import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// What had happened to a ticket when its page was made: the newest event, and the posts that were written.
private struct Seen: LosslessStringConvertible {
    var event: Int
    var posts: Set<Int64>

    init(event: Int, posts: Set<Int64>) {
        (self.event, self.posts) = (event, posts)
    }

    init?(_ description: String) {
        let numbers = description.splitBytes(on: "-").compactMap { Int($0) }
        guard let event = numbers.first else { return nil }
        self.init(event: event, posts: Set(numbers.dropFirst().map(Int64.init)))
    }

    var description: String { ([Int64(event)] + posts.sorted()).map { String($0) }.joined(separator: "-") }

    func hasMore(than before: Seen) -> Bool { event > before.event || !posts.isSubset(of: before.posts) }
}

/// What happened to a ticket: its events with their deliveries, and the posts. Fetched again when it changes.
enum TicketHistory {
    static func block(_ visit: Visit) async throws -> Block {
        let id = try visit.parameter()
        var parts: [Block] = []
        var seen = Seen(event: 0, posts: [])
        if visit.may(Posts.list) {
            let posts = try await visit.ask(Posts.list([.ticket: id], limit: 10)).items
            seen.posts = Set(posts.filter { $0.state == .sent }.map(\.id.rawValue))
            if !posts.isEmpty {
                // The API shows engineers their own.
                let title = visit.principal.role >= .admin ? "Posts" : "Your posts"
                parts.append(
                    .card(
                        title, flush: true,
                        [Table(caption: title, columns: ["Post", "State", "When"], rows: posts.map(row)).block]))
            }
        }
        var entries: [Model] = []
        if visit.may(Events.list) {
            let ticket: Tickets.ID = try visit.place()
            let found = try await events(ticket, visit)
            entries = found?.items.map(entry) ?? []
            let newest =
                visit.query["events"] == nil
                ? found : try await visit.ask(Events.list(ticket, [.newestFirst: "true"], limit: 1))
            seen.event = newest?.items.first.map { Int($0.id.rawValue) } ?? 0
            parts.append(
                .card(
                    "Timeline",
                    entries.isEmpty
                        ? [
                            .emptyState(
                                "ticket-detailed", "No events yet",
                                "This ticket has not changed since Patchbay was connected.")
                        ] : [Block("timeline", ["entries": entries]), pager(found, visit)]))
        }
        let isKnown = !entries.isEmpty || parts.count > 1
        if let before = visit.query["seen"].flatMap(Seen.init), seen.hasMore(than: before) {
            parts.insert(
                .notice(
                    .info, nil, "This ticket has changed since you opened it.", href: visit.ticketHref(), link: "Show"),
                at: 0)
        }
        return Block(
            "region",
            [
                "regionID": "ticket-history",
                "watch": visit.watch?.query,
                "regionHref": visit.ticketHref(["part": "history", "seen": visit.query["seen"] ?? seen.description]),
                "parts": parts.map(\.model), "isKnown": isKnown, "holdsRegion": true,
            ])
    }

    private static func row(_ post: Posts.Answer) -> [Cell] {
        [
            .main(
                PostWords.what(post), "/integrations/posts/\(post.id)",
                sub: post.requestedBy + (post.memberName.map { ", as \($0)" } ?? "")),
            .badge(PostWords.badge(post), sub: post.error), .when(post.createdAt),
        ]
    }

    private static func events(_ ticket: Tickets.ID, _ visit: Visit) async throws -> WebSupport.Page<Events.Answer>? {
        do {
            return try await visit.ask(
                Events.list(ticket, [.newestFirst: "true"], limit: 20, cursor: visit.query["events"]))
        } catch let problem as Problem where problem.status == .notFound {
            return nil
        }
    }

    private static func pager(_ page: WebSupport.Page<Events.Answer>?, _ visit: Visit) -> Block {
        .pager(
            first: visit.query["events"] == nil ? nil : visit.ticketHref(["events": nil]),
            next: page?.next.map { visit.ticketHref(["events": $0.description]) })
    }

    private static func entry(_ event: Events.Answer) -> Model {
        let deliveries = event.deliveries
        let isBad = deliveries.contains { $0.state == .failed }
        let by = event.changedBy.map { " by \($0)" } ?? ""
        let change = [event.from, event.to].compactMap(\.self).joined(separator: " → ")
        let member = event.member.map { ": \($0)" } ?? ""
        return Model([
            "tone": isBad ? "is-bad" : deliveries.isEmpty ? "is-muted" : "is-good",
            "stamp": Stamp(event.createdAt, exact: true).model,
            "entryTitle": EventWords.of(event.kind) + member + (change.isEmpty ? "" : ": \(change)") + by,
            "entryText": event.note,
            "lines": deliveries.map { delivery in
                [
                    "badge": Badge.delivery(delivery.state).model,
                    "lineText": "\(delivery.recipientName) – \(delivery.error ?? delivery.reason)",
                ] as Model
            }, "entryNote": deliveries.isEmpty ? event.reason ?? "No one was notified." : nil,
        ])
    }
}

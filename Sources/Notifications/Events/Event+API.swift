import API
import Accounts
import BoundaryText
import Database
import Foundation
import Hummingbird
import Ticketing
import WebSupport

/// The operations on what happened to tickets.
func eventRoutes(_ database: Database) -> [Route] {
    [
        Route(
            .get, "/tickets/{id}/events", .viewer,
            "Shows what happened to a ticket, who was told, and who was not and why",
            query: [
                QueryParameter("connection_id", .integer, "where several connections have such a ticket"),
                QueryParameter("newest_first", .flag, "true for the newest first"),
            ],
            gives: .page(EntryAnswer.self)
        ) {
            request in
            let ticket: Ticket.ID = try request.id(of: "ticket")
            let (organization, page) = (request.principal.organization, try request.page())
            let connection = try request.query("connection_id", "a connection's id") { PSAConnection.ID($0) }
            let isNewestFirst = try request.query("newest_first", "true or false") { Bool($0) } ?? false
            let entries = try await database.read { db in
                let entries = try Timeline.page(
                    of: ticket, on: connection, of: organization, newestFirst: isNewestFirst, page: page, in: db)
                // A ticket to which nothing happened is another thing than one that there is not.
                if entries.items.isEmpty, page.after == nil,
                    try TicketMirror.find(ticket, on: connection, of: organization, in: db) == nil
                {
                    throw Problem.notFound("ticket")
                }
                return entries
            }
            return .json(entries.map(EntryAnswer.init))
        },
        Route(
            .get, "/tickets/{id}/events/{event}/explanation", .viewer,
            "Says why a recipient (recipient_id) was told of an event, or was not",
            query: [QueryParameter("recipient_id", .integer, "why this recipient was told, or was not")],
            gives: .one(ExplanationAnswer.self)
        ) { request in
            let ticket: Ticket.ID = try request.id(of: "ticket")
            let event: TicketEvent.ID = try request.id("event", of: "event")
            let organization = request.principal.organization
            let id = try request.query("recipient_id", "a recipient's id") { Recipient.ID($0) }
            return .json(
                try await database.read { db in
                    guard let entry = try Timeline.entry(event, of: ticket, organization, in: db) else {
                        throw Problem.notFound("event")
                    }
                    guard let id else {
                        throw Problem.badRequest(
                            "Say whom with recipient_id.",
                            errors: [.init(field: "recipient_id", code: "required", message: "is required")])
                    }
                    guard let recipient = try RecipientStore.find(id, of: organization, in: db) else {
                        throw Problem.notFound("recipient")
                    }
                    return ExplanationAnswer(try Explanation(entry, to: recipient, in: db))
                })
        },
        Route(
            .get, "/notifiers/deliveries/{id}/explanation", .viewer,
            "Says why there is a delivery and what became of it", gives: .one(ExplanationAnswer.self)
        ) {
            request in
            let id: Delivery.ID = try request.id(of: "delivery")
            let organization = request.principal.organization
            return .json(
                try await database.read { db in
                    guard let delivery = try DeliveryStore.find(id, of: organization, in: db),
                        let entry = try Timeline.entry(delivery.event, of: delivery.ticket, organization, in: db),
                        let recipient = try RecipientStore.find(delivery.recipient, of: organization, in: db)
                    else { throw Problem.notFound("delivery") }
                    return ExplanationAnswer(try Explanation(entry, to: recipient, in: db))
                })
        },
    ]
}

private struct EntryAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, kind, summary, by, from, to, member, note, reason, deliveries
        case connection = "connection_id"
        case isInternal = "internal"
        case createdAt = "created_at"
    }

    let id: TicketEvent.ID
    let connection: PSAConnection.ID
    let kind: TicketEvent.Kind
    let summary: String
    let by: String?
    let from: String?
    let to: String?
    let member: String?
    let note: String?
    let isInternal: Bool?
    let reason: String?
    let createdAt: Date
    let deliveries: [DeliveryAnswer]

    init(_ entry: Timeline.Entry) {
        let details = entry.event.details
        id = entry.id
        connection = entry.connection
        kind = entry.event.kind
        summary = details.summary
        by = entry.event.kind == .noteAdded ? details.note?.author : details.updatedBy
        from = details.from
        to = details.to
        member = details.member
        note = details.note?.text
        isInternal = details.note?.isInternal
        reason = entry.reason
        createdAt = entry.at
        deliveries = entry.deliveries.map(DeliveryAnswer.init)
    }
}

private struct ExplanationAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case outcome, reason, delivery, rule
        case event = "event_id"
        case eventKind = "event_kind"
        case happenedAt = "happened_at"
        case recipient = "recipient_id"
        case recipientName = "recipient_name"
        case isActive = "recipient_active"
    }

    let event: TicketEvent.ID
    let eventKind: TicketEvent.Kind
    let happenedAt: Date
    let recipient: Recipient.ID
    let recipientName: String
    let isActive: Bool
    let outcome: Explanation.Outcome
    let reason: String
    let delivery: DeliveryAnswer?
    let rule: Rules.Answer?

    init(_ explanation: Explanation) {
        event = explanation.entry.id
        eventKind = explanation.entry.event.kind
        happenedAt = explanation.entry.at
        recipient = explanation.recipient.id
        recipientName = explanation.recipient.name
        isActive = explanation.recipient.isActive
        outcome = explanation.outcome
        reason = explanation.reason
        delivery = explanation.delivery.map(DeliveryAnswer.init)
        rule = explanation.rule.map(Rules.Answer.init)
    }
}

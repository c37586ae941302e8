import API
import Accounts
import BoundaryText
import Database
import Foundation
import HTTPTypes
import Ticketing
import WebSupport

/// The operations on what happened to tickets.
func eventRoutes(_ database: Database) -> [Route] {
    [
        Route(Events.list, of: "ticket") { request in
            let ticket = request.place
            let (organization, page) = (request.principal.organization, try request.page())
            let connection = try request.query(.connection, "a connection's id") { PSAConnection.ID($0) }
            let isNewestFirst = try request.query(.newestFirst, "true or false") { Bool($0) } ?? false
            return try await database.read { db in
                let entries = try Timeline.page(
                    of: ticket, on: connection, of: organization, newestFirst: isNewestFirst, page: page, in: db)
                // A ticket to which nothing happened is not a ticket that doesn't exist.
                if entries.items.isEmpty, page.after == nil,
                    try TicketCopyStore.find(ticket, on: connection, of: organization, in: db) == nil
                {
                    throw Problem.notFound("ticket")
                }
                return entries
            }.map(Events.Answer.init)
        },
        Route(Events.explain, of: "event") { request in
            let (place, organization) = (request.place, request.principal.organization)
            let id = try request.query(.recipient, "a recipient's id") { Recipient.ID($0) }
            return try await database.read { db in
                guard let entry = try Timeline.entry(place.event, of: place.ticket, organization, in: db) else {
                    throw Problem.notFound("event")
                }
                guard let id else {
                    throw Problem.badRequest(
                        "Say which recipient with recipient_id.",
                        errors: [.init(field: "recipient_id", code: "required", message: "is required")])
                }
                guard let recipient = try RecipientStore.find(id, of: organization, in: db) else {
                    throw Problem.notFound("recipient")
                }
                return Explanations.Answer(try Explanation(entry, to: recipient, in: db))
            }
        },
    ]
}

extension Events.Answer {
    fileprivate init(_ entry: Timeline.Entry) {
        let (event, details) = (entry.event, entry.event.details)
        self.init(
            id: entry.id, connection: entry.connection, kind: event.kind, summary: details.summary,
            changedBy: event.kind == .noteAdded ? details.note?.author : details.updatedBy, from: details.from,
            to: details.to, member: details.member, note: details.note?.text, isInternal: details.note?.isInternal,
            reason: entry.reason, createdAt: entry.at, deliveries: entry.deliveries.map(Deliveries.Answer.init))
    }
}

extension Explanations.Answer {
    init(_ explanation: Explanation) {
        self.init(
            event: explanation.entry.id, eventKind: explanation.entry.event.kind, happenedAt: explanation.entry.at,
            recipient: explanation.recipient.id, recipientName: explanation.recipient.name,
            isActive: explanation.recipient.isActive, outcome: explanation.outcome, reason: explanation.reason,
            delivery: explanation.delivery.map(Deliveries.Answer.init), rule: explanation.rule.map(Rules.Answer.init))
    }
}

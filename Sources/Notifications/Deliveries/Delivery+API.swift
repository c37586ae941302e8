import API
import Accounts
import BoundaryText
import Database
import Foundation
import HTTPTypes
import Jobs
import Ticketing
import WebSupport

/// The operations on deliveries.
func deliveryRoutes(_ database: Database, queue: JobQueue, now: @escaping @Sendable () -> Date) -> [Route] {
    [
        Route(Deliveries.list) { request in
            let (organization, page) = (request.principal.organization, try request.page())
            let states = Delivery.State.allCases.map(\.rawValue).joined(separator: ", ")
            let filter = DeliveryStore.Filter(
                ticket: request.query(.ticket).map { Ticket.ID($0) },
                recipient: try request.query(.recipient, "a recipient's id") { Recipient.ID($0) },
                state: try request.query(.state, "one of \(states)") { Delivery.State(rawValue: $0) },
                since: try request.instant(.since),
                until: try request.instant(.until))
            return try await database.read { db in
                try DeliveryStore.list(of: organization, filter, page: page, in: db)
            }.map(Deliveries.Answer.init)
        },
        Route(Deliveries.show, of: "delivery") { request in
            let (id, organization) = (request.place, request.principal.organization)
            guard let delivery = try await database.read({ try DeliveryStore.find(id, of: organization, in: $0) })
            else { throw Problem.notFound("delivery") }
            return Deliveries.Answer(delivery)
        },
        Route(Deliveries.explain, of: "delivery") { request in
            let (id, organization) = (request.place, request.principal.organization)
            return try await database.read { db in
                guard let delivery = try DeliveryStore.find(id, of: organization, in: db),
                    let entry = try Timeline.entry(delivery.event, of: delivery.ticket, organization, in: db),
                    let recipient = try RecipientStore.find(delivery.recipient, of: organization, in: db)
                else { throw Problem.notFound("delivery") }
                return Explanations.Answer(try Explanation(entry, to: recipient, in: db))
            }
        },
        Route(Deliveries.retry, of: "delivery") { request in
            let (id, organization, instant) = (request.place, request.principal.organization, now())
            let delivery = try await database.write { db -> Delivery in
                guard let delivery = try DeliveryStore.find(id, of: organization, in: db) else {
                    throw Problem.notFound("delivery")
                }
                guard try DeliveryStore.retry(delivery, queue: queue, now: instant, in: db) else {
                    throw Problem.conflict(
                        code: "not_failed", "Only a failed delivery can be retried; this one is \(delivery.state).")
                }
                try request.record("delivery.retry", on: "delivery \(id)", now: instant, in: db)
                return try DeliveryStore.find(id, of: organization, in: db) ?? delivery
            }
            return Deliveries.Answer(delivery)
        },
        Route(Deliveries.retryAll) { request in
            let filter = try await request.body().filter()
            let (organization, instant) = (request.principal.organization, now())
            return try await database.write { db in
                let count = try RetryOfMany.start(filter, of: organization, queue: queue, now: instant, in: db)
                try request.record("delivery.retry_many", on: "\(count) deliveries", now: instant, in: db)
                return Deliveries.Count(count: count)
            }
        },
    ]
}

extension Deliveries.Retry {
    fileprivate func filter() throws(Problem) -> DeliveryStore.Filter {
        guard state == Delivery.State.failed.rawValue else {
            throw .invalid([.init(field: "state", code: "wrong_value", message: "must be failed.")])
        }
        return DeliveryStore.Filter(ticket: ticket, recipient: recipient, since: since, until: until)
    }
}

extension Deliveries.Answer {
    init(_ delivery: Delivery) {
        self.init(
            id: delivery.id, ticket: delivery.ticket, event: delivery.event, eventKind: delivery.eventKind,
            summary: delivery.summary, recipient: delivery.recipient, recipientName: delivery.recipientName,
            state: delivery.state, reason: delivery.reason, forwardedFrom: delivery.forwardedFrom,
            error: delivery.error, trackingID: delivery.trackingID, attempts: delivery.attempts,
            messageID: delivery.messageID, createdAt: delivery.createdAt, sentAt: delivery.sentAt)
    }
}

import API
import Accounts
import BoundaryText
import Database
import Foundation
import Hummingbird
import Jobs
import Ticketing
import WebSupport

/// The operations on deliveries.
func deliveryRoutes(_ database: Database, queue: JobQueue, now: @escaping @Sendable () -> Date) -> [Route] {
    [
        Route(
            .get, "/notifiers/deliveries", .viewer,
            "Lists deliveries, newest first; filter by ticket_id, recipient_id, state, since, until",
            query: [
                QueryParameter("ticket_id", .text, "deliveries about this ticket"),
                QueryParameter("recipient_id", .integer, "deliveries to this recipient"),
                QueryParameter("state", .oneOf(Delivery.State.allCases.map(\.rawValue)), "deliveries in this state"),
                QueryParameter("since", .instant, "not before this instant"),
                QueryParameter("until", .instant, "not after this instant"),
            ], gives: .page(DeliveryAnswer.self)
        ) { request in
            let (organization, page) = (request.principal.organization, try request.page())
            let states = Delivery.State.allCases.map(\.rawValue).joined(separator: ", ")
            let filter = DeliveryStore.Filter(
                ticket: request.query("ticket_id").map { Ticket.ID($0) },
                recipient: try request.query("recipient_id", "a recipient's id") { Recipient.ID($0) },
                state: try request.query("state", "one of \(states)") { Delivery.State(rawValue: $0) },
                since: try request.instant("since"),
                until: try request.instant("until"))
            let deliveries = try await database.read { db in
                try DeliveryStore.list(of: organization, filter, page: page, in: db)
            }
            return .json(deliveries.map(DeliveryAnswer.init))
        },
        Route(.get, "/notifiers/deliveries/{id}", .viewer, "Shows a delivery", gives: .one(DeliveryAnswer.self)) {
            request in
            let id: Delivery.ID = try request.id(of: "delivery")
            let organization = request.principal.organization
            guard let delivery = try await database.read({ try DeliveryStore.find(id, of: organization, in: $0) })
            else { throw Problem.notFound("delivery") }
            return .json(DeliveryAnswer(delivery))
        },
        Route(
            .post, "/notifiers/deliveries/{id}/retry", .dispatcher, "Sends a failed delivery again",
            gives: .accepted(DeliveryAnswer.self)
        ) { request in
            let id: Delivery.ID = try request.id(of: "delivery")
            let (organization, instant) = (request.principal.organization, now())
            let delivery = try await database.write { db -> Delivery in
                guard let delivery = try DeliveryStore.find(id, of: organization, in: db) else {
                    throw Problem.notFound("delivery")
                }
                guard try DeliveryStore.retry(delivery, queue: queue, now: instant, in: db) else {
                    throw Problem.conflict(
                        code: "not_failed", "Only a failed delivery can be sent again; this one is \(delivery.state).")
                }
                try request.record("delivery.retry", on: "delivery \(id)", now: instant, in: db)
                return try DeliveryStore.find(id, of: organization, in: db) ?? delivery
            }
            return .json(DeliveryAnswer(delivery), status: .accepted)
        },
        Route(
            .post, "/notifiers/deliveries/retry", .dispatcher,
            "Sends failed deliveries again, all or those of a ticket, recipient or time", takes: RetryMany.self,
            gives: .accepted(RetryCount.self)
        ) { request in
            let filter = try await request.body(RetryMany.self).filter()
            let (organization, instant) = (request.principal.organization, now())
            let count = try await database.write { db in
                let count = try RetryOfMany.start(filter, of: organization, queue: queue, now: instant, in: db)
                try request.record("delivery.retry_many", on: "\(count) deliveries", now: instant, in: db)
                return count
            }
            return .json(RetryCount(count: count), status: .accepted)
        },
    ]
}

private struct RetryCount: Codable {
    let count: Int
}

private struct RetryMany: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case state, since, until
        case ticket = "ticket_id"
        case recipient = "recipient_id"
    }

    let state: String
    let ticket: Ticket.ID?
    let recipient: Recipient.ID?
    let since: Date?
    let until: Date?

    func filter() throws(Problem) -> DeliveryStore.Filter {
        guard state == Delivery.State.failed.rawValue else {
            throw .invalid([.init(field: "state", code: "wrong_value", message: "must be failed.")])
        }
        return DeliveryStore.Filter(ticket: ticket, recipient: recipient, since: since, until: until)
    }
}

struct DeliveryAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, state, summary, reason, error, attempts
        case ticket = "ticket_id"
        case event = "event_id"
        case eventKind = "event_kind"
        case recipient = "recipient_id"
        case recipientName = "recipient_name"
        case forwardedFrom = "forwarded_from"
        case trackingID = "tracking_id"
        case messageID = "message_id"
        case createdAt = "created_at"
        case sentAt = "sent_at"
    }

    let id: Delivery.ID
    let ticket: Ticket.ID
    let event: TicketEvent.ID
    let eventKind: TicketEvent.Kind
    let summary: String
    let recipient: Recipient.ID
    let recipientName: String
    let state: Delivery.State
    let reason: String
    let forwardedFrom: [String]
    let error: String?
    let trackingID: String?
    let attempts: Int
    let messageID: String?
    let createdAt: Date
    let sentAt: Date?

    init(_ delivery: Delivery) {
        id = delivery.id
        ticket = delivery.ticket
        event = delivery.event
        eventKind = delivery.eventKind
        summary = delivery.summary
        recipient = delivery.recipient
        recipientName = delivery.recipientName
        state = delivery.state
        reason = delivery.reason
        forwardedFrom = delivery.forwardedFrom
        error = delivery.error
        trackingID = delivery.trackingID
        attempts = delivery.attempts
        messageID = delivery.messageID
        createdAt = delivery.createdAt
        sentAt = delivery.sentAt
    }
}

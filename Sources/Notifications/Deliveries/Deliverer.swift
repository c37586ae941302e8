import API
import BoundaryText
import Database
import Foundation
import Jobs
import Metrics
import Ticketing

/// The job that sends one delivery.
///
/// A message that may have been sent already, because a server died or a connection broke before the answer was
/// recorded, is looked for first. A person's conversation can be read; a room's cannot by a bot, so there it is sent
/// again: nothing may be lost, and that one message may appear twice.
public struct Deliverer: JobHandler {
    /// Which delivery.
    public struct Payload: Codable, Sendable {
        let delivery: Delivery.ID
    }

    /// Stored; never renamed.
    public static let kind = JobKind(rawValue: "deliver")
    /// See ``RetrySchedule/chat``.
    public let schedule = RetrySchedule.chat

    // Messages about one ticket to one recipient go in order, while one recipient has a bounded number under way: a room
    // that hangs cannot take all workers, and one that answers within 50 ms still gets 300 messages a second.
    private static let lanesPerRecipient = 16

    private let database: Database
    private let connections: ChatConnectionStore
    private let tickets: PSAConnections
    private let orders: ReadBatcher<Delivery.ID, Row>
    private let now: @Sendable () -> Date

    /// - Parameter now: the wall clock.
    public init(
        database: Database, connections: ChatConnectionStore, tickets: PSAConnections,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        orders = ReadBatcher(database: database, read: Self.orders)
        self.database = database
        self.connections = connections
        self.tickets = tickets
        self.now = now
    }

    static func lane(_ recipient: Recipient.ID, _ ticket: Ticket.ID) -> String {
        // A stable hash: servers and restarts must agree on it.
        let hash = ticket.rawValue.utf8.reduce(UInt32(5381)) { $0 &* 33 &+ UInt32($1) }
        return "deliver:\(recipient):\(hash % UInt32(lanesPerRecipient))"
    }

    /// All that sending one delivery needs to know.
    private struct Order: RowDecodable {
        let state: Delivery.State
        let createdAt: Date
        let ticket: Ticket.ID
        let psa: PSAConnection.ID
        let event: TicketEvent
        let recipient: Recipient.ID
        let address: ChatAddress
        let chat: ChatConnection.ID
        let isChatActive: Bool
        let failingSince: Date?
        let isTicketDeleted: Bool
        let isThreaded: Bool
        let forwardedFrom: [String]
        let settings: NotificationSettings

        init(row: Row) throws {
            state = try row["state"]
            createdAt = try row["created_at"]
            ticket = try row["ticket_id"]
            psa = try row["psa_connection"]
            let stored: String = try row["details"]
            var details = try JSONDecoder().decode(TicketEvent.Details.self, from: Data(stored.utf8))
            // Everyone is notified of a new ticket, but only recipients who may see such notes get its first note.
            let visibility: Rule.Visibility? = try row["visibility"]
            if let visibility, !visibility.shows(details.note) { details.note = nil }
            event = TicketEvent(kind: try row["kind"], subject: try row["subject"], details: details)
            recipient = try row["recipient_id"]
            let address: String = try row["address"]
            switch try row["recipient_kind"] as Recipient.Kind {
            case .room: self.address = .room(address)
            case .person: self.address = .person(address)
            }
            chat = try row["chat_connection"]
            isChatActive = try row["chat_active"]
            failingSince = try row["failing_since"]
            let deletedAt: Date? = try row["deleted_at"]
            isTicketDeleted = deletedAt != nil
            isThreaded = try row["threaded"]
            forwardedFrom = try Delivery.chain(row)
            let chosen: String? = try row["settings"]
            settings =
                try chosen.map { try JSONDecoder().decode(NotificationSettings.self, from: Data($0.utf8)) }
                ?? NotificationSettings()
        }
    }

    /// As rows, so that one that cannot be read spoils none of the others.
    private static let orders: @Sendable ([Delivery.ID], Connection) throws -> [Delivery.ID: Row] = { ids, db in
        let rows = try db.all(
            """
            SELECT d.id, d.state, d.created_at, d.ticket_id, d.threaded, d.forwarded_from,
                e.connection_id AS psa_connection, e.kind, e.subject, e.details, d.recipient_id, r.address,
                r.kind AS recipient_kind, r.connection_id AS chat_connection, c.active AS chat_active, c.failing_since,
                t.deleted_at, s.settings, ru.visibility
            FROM deliveries d
            JOIN ticket_events e ON e.id = d.event_id
            JOIN recipients r ON r.id = d.recipient_id
            JOIN chat_connections c ON c.id = r.connection_id
            LEFT JOIN psa_tickets t ON t.connection_id = e.connection_id AND t.id = e.ticket_id
            LEFT JOIN rules ru ON ru.id = d.rule_id
            LEFT JOIN notification_settings s ON s.organization_id = d.organization_id
            WHERE d.id IN (\(list: ids))
            """)
        return Dictionary(try rows.map { (try $0["id"], $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// See ``JobHandler``.
    public func run(_ payload: Payload, of job: ClaimedJob) async -> JobOutcome {
        let id = payload.delivery
        do {
            guard let order = try await orders.value(id).map(Order.init(row:)) else { return .done() }
            switch order.state {
            case .queued, .uncertain: break
            case .sent, .failed, .skipped, .simulated: return .done()
            }
            if order.isTicketDeleted, order.event.kind != .deleted {
                return .done(Self.record(id, .skipped, "the ticket was deleted"))
            }
            guard order.isChatActive, let messenger = try await connections.messenger(order.chat) else {
                return .done(Self.record(id, .failed, "the chat connection is disabled"))
            }
            guard let psa = try await tickets.live(order.psa) else {
                return .done(Self.record(id, .skipped, "the PSA connection was deleted"))
            }
            let renderer = MessageRenderer(
                longestNote: order.settings.maxMessageLength, longestMessage: messenger.longestMessage)
            let link = psa.provider.link(to: order.ticket)
            let message = ChatMessage(
                id: "delivery_\(id)",
                markdown: renderer.message(
                    about: order.event, ticket: order.ticket, link: link, forwardedFrom: order.forwardedFrom),
                content: .event(
                    order.event, ticket: order.ticket, link: link, forwardedFrom: order.forwardedFrom))
            let sender = MessageSender(
                messenger: messenger, chat: order.chat, recipient: order.recipient,
                sending: Sending(
                    address: order.address, isUncertain: job.interrupted || order.state == .uncertain,
                    failingSince: order.failingSince, patience: messenger.disabledAfter),
                plannedAt: order.createdAt,
                recorded: { [database] ids in
                    try await database.read { db in
                        try DeliveryStore.recorded(ids, order.recipient, order.ticket, in: db)
                    }
                })
            do throws(MessengerError) {
                let sent = try await sender.send(message) {
                    order.isThreaded ? await firstMessage(about: order) : nil
                }
                return .found(self.sent(id, order, sent))
            } catch {
                return sender.outcome(of: error, now: now()) { Self.record(id, $0, $1, trackingID: $2) }
            }
        } catch {
            return .retry("\(error)", exhausted: Self.record(id, .failed, "\(error)"))
        }
    }

    /// The first message about the ticket in the same place; updates go under it.
    private func firstMessage(about order: Order) async -> String? {
        try? await database.read { db in
            try db.first(
                """
                SELECT message_id FROM deliveries WHERE recipient_id = \(order.recipient) AND ticket_id = \(order.ticket)
                    AND message_id IS NOT NULL AND threaded = 0 AND thread_lost = 0 ORDER BY id LIMIT 1
                """)?["message_id"]
        }
    }

    private func sent(_ id: Delivery.ID, _ order: Order, _ message: MessageSender.Sent) -> SentMessage {
        let instant = now()
        Metrics.Timer(label: "patchbay_event_to_message_seconds").recordNanoseconds(
            Int64(saturating: max(0, instant.timeIntervalSince(order.createdAt)) * 1_000_000_000))
        return SentMessage(
            delivery: id, id: message.id, insteadOfUnder: message.insteadOfUnder, recipient: order.recipient,
            chat: order.chat,
            endsFailing: order.failingSince != nil, instant: instant)
    }

    private static func record(
        _ id: Delivery.ID, _ state: Delivery.State, _ error: String, trackingID: String? = nil
    ) -> JobEffect {
        { db in
            try db.send(
                """
                UPDATE deliveries SET state = \(state), error = \(error), tracking_id = \(orNull: trackingID),
                    attempts = attempts + 1 WHERE id = \(id)
                """)
        }
    }
}

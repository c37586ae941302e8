import Accounts
import BoundaryText
import Database
import Foundation
import Jobs
import Ticketing
import WebSupport

/// The deliveries' SQL.
enum DeliveryStore {
    static let selection: SQL = """
        SELECT d.*, e.kind AS event_kind, e.details AS event_details, r.name AS recipient_name
        FROM deliveries d JOIN ticket_events e ON e.id = d.event_id JOIN recipients r ON r.id = d.recipient_id
        """

    /// Which deliveries are wanted.
    struct Filter: Sendable {
        var ticket: Ticket.ID?
        var recipient: Recipient.ID?
        var state: Delivery.State?
        var since: Date?
        var until: Date?
    }

    /// The filter as conditions on `d` that follow others.
    static func conditions(_ filter: Filter) -> SQL {
        var conditions: SQL = ""
        if let ticket = filter.ticket { conditions += " AND d.ticket_id = \(ticket)" }
        if let recipient = filter.recipient { conditions += " AND d.recipient_id = \(recipient)" }
        if let state = filter.state { conditions += " AND d.state = \(state)" }
        if let since = filter.since { conditions += " AND d.created_at >= \(since)" }
        if let until = filter.until { conditions += " AND d.created_at < \(until)" }
        return conditions
    }

    /// Newest first.
    static func list(
        of organization: Organization.ID, _ filter: Filter, page: PageRequest, in db: Connection
    ) throws -> Page<Delivery> {
        var query = selection + " WHERE d.organization_id = \(organization) AND d.id < \(page.after?.number ?? .max)"
        query += conditions(filter)
        query += " ORDER BY d.id DESC LIMIT \(page.limit + 1)"
        return Page(try db.all(query), limit: page.limit) { "\($0.id)" }
    }

    static func find(_ id: Delivery.ID, of organization: Organization.ID, in db: Connection) throws -> Delivery? {
        try db.first(selection + " WHERE d.id = \(id) AND d.organization_id = \(organization)")
    }

    /// Stores an event that was not stored before.
    /// - Returns: nil when it was.
    static func insert(
        _ event: TicketEvent, of ticket: Ticket.ID, _ connection: PSAConnection.ID, now: Date, in db: Connection
    ) throws -> TicketEvent.ID? {
        let details = String(decoding: try JSONEncoder().encode(event.details), as: UTF8.self)
        return try db.first(
            """
            INSERT INTO ticket_events (connection_id, ticket_id, kind, subject, details, created_at)
            VALUES (\(connection), \(ticket), \(event.kind), \(event.subject), \(details), \(now))
            ON CONFLICT (connection_id, ticket_id, kind, subject) DO NOTHING RETURNING id
            """)?["id"]
    }

    /// Stores what was decided about an event.
    /// - Returns: the jobs that send what is to be sent.
    static func insert(
        _ plan: DeliveryPlan, for event: TicketEvent.ID, of ticket: Ticket.ID, organization: Organization.ID,
        now: Date, in db: Connection
    ) throws -> [NewJob] {
        if let reason = plan.reason {
            try db.send("UPDATE ticket_events SET reason = \(reason) WHERE id = \(event)")
        }
        guard !plan.items.isEmpty else { return [] }
        let rows = try plan.items.map { item -> SQL in
            let chain = item.forwardedFrom.isEmpty ? nil : try JSONEncoder().encode(item.forwardedFrom)
            return """
                (\(organization), \(event), \(item.recipient), \(orNull: item.rule), \(ticket), \(item.state),
                \(item.reason), \(item.isThreaded), \(orNull: chain.map { String(decoding: $0, as: UTF8.self) }), \(now))
                """
        }
        let stored = try db.all(
            """
            INSERT INTO deliveries (
                organization_id, event_id, recipient_id, rule_id, ticket_id, state, reason, threaded, forwarded_from,
                created_at)
            VALUES \(rows.joined(", ")) ON CONFLICT (event_id, recipient_id) DO NOTHING RETURNING id, recipient_id, state
            """)
        var queued: [(Delivery.ID, Recipient.ID, Ticket.ID)] = []
        for row in stored where try row["state"] as Delivery.State == .queued {
            queued.append((try row["id"], try row["recipient_id"], ticket))
        }
        return try jobs(queued, now: now, in: db)
    }

    /// The jobs that send deliveries.
    static func jobs(
        _ deliveries: [(id: Delivery.ID, recipient: Recipient.ID, ticket: Ticket.ID)], now: Date, in db: Connection
    ) throws -> [NewJob] {
        guard !deliveries.isEmpty else { return [] }
        let recipients = Set(deliveries.map(\.recipient)).sorted()
        let connectionOf = try db.remembered("connections of \(recipients)") {
            var connectionOf: [Recipient.ID: ChatConnection.ID] = [:]
            for row in try db.all("SELECT id, connection_id FROM recipients WHERE id IN (\(list: recipients))") {
                connectionOf[try row["id"]] = try row["connection_id"]
            }
            return connectionOf
        }
        return try deliveries.compactMap { delivery -> NewJob? in
            guard let connection = connectionOf[delivery.recipient] else { return nil }
            return try Deliverer.job(
                .init(delivery: delivery.id), lane: Deliverer.lane(delivery.recipient, delivery.ticket),
                laneGroup: ChatConnection.laneGroup(connection), runAt: now)
        }
    }

    /// Queues a delivery again that was given up.
    /// - Returns: false when it is not in a state that can be sent again.
    static func retry(_ delivery: Delivery, queue: JobQueue, now: Date, in db: Connection) throws -> Bool {
        let changed = try db.execute(
            """
            UPDATE deliveries SET state = \(Delivery.State.queued), error = NULL, tracking_id = NULL
            WHERE id = \(delivery.id) AND state = \(Delivery.State.failed)
            """)
        guard changed > 0 else { return false }
        let jobs = try jobs([(delivery.id, delivery.recipient, delivery.ticket)], now: now, in: db)
        try queue.enqueue(jobs, now: now, in: db)
        return true
    }
}

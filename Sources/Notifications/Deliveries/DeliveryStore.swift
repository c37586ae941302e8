import API
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

    /// An event, and what was decided about it.
    struct Planned: Sendable {
        let news: TicketNews
        let plan: DeliveryPlan
    }

    /// Stores what was decided about events.
    /// - Returns: the jobs that send what is to be sent.
    static func insert(_ planned: [Planned], in db: Connection) throws -> [NewJob] {
        let untold = planned.compactMap { planned in
            planned.plan.reason.map { [planned.news.id.sqlValue, $0.sqlValue] }
        }
        for rows in untold.portions {
            try db.send("INSERT INTO untold_events (event_id, reason) VALUES \(inserted: rows)")
        }
        let rows = try planned.flatMap { planned in
            try planned.plan.items.map { item -> [SQLValue] in
                let chain = item.forwardedFrom.isEmpty ? nil : try JSONEncoder().encode(item.forwardedFrom)
                let news = planned.news
                return [
                    news.connection.organization.sqlValue, news.id.sqlValue, item.recipient.sqlValue,
                    item.rule.sqlValue, news.ticket.id.sqlValue, item.state.sqlValue, item.reason.sqlValue,
                    item.isThreaded.sqlValue, chain.map { String(decoding: $0, as: UTF8.self) }.sqlValue,
                    news.instant.sqlValue,
                ]
            }
        }
        var queued: [(id: Delivery.ID, recipient: Recipient.ID, ticket: Ticket.ID)] = []
        for rows in rows.portions {
            let stored = try db.all(
                """
                INSERT INTO deliveries (
                    organization_id, event_id, recipient_id, rule_id, ticket_id, state, reason, threaded,
                    forwarded_from, created_at)
                VALUES \(inserted: rows) ON CONFLICT (event_id, recipient_id) DO NOTHING
                RETURNING id, recipient_id, ticket_id, state
                """)
            for row in stored where try row["state"] as Delivery.State == .queued {
                queued.append((try row["id"], try row["recipient_id"], try row["ticket_id"]))
            }
        }
        let latest = planned.map(\.news.instant).max() ?? .distantPast
        return try jobs(queued.sorted { $0.id < $1.id }, now: latest, in: db)
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

    /// How many deliveries each event has.
    static func counts(of events: [TicketEvent.ID], in db: Connection) throws -> [TicketEvent.ID: Int] {
        guard !events.isEmpty else { return [:] }
        let rows = try db.all(
            "SELECT event_id, COUNT(*) AS n FROM deliveries WHERE event_id IN (\(list: events)) GROUP BY event_id")
        return Dictionary(try rows.map { (try $0["event_id"], try $0["n"]) }, uniquingKeysWith: { $1 })
    }

    /// Why no one was notified of events, where no one was.
    static func reasons(of events: [TicketEvent.ID], in db: Connection) throws -> [TicketEvent.ID: String] {
        guard !events.isEmpty else { return [:] }
        let rows = try db.all("SELECT event_id, reason FROM untold_events WHERE event_id IN (\(list: events))")
        return Dictionary(try rows.map { (try $0["event_id"], try $0["reason"]) }, uniquingKeysWith: { $1 })
    }

    /// Which of these messages are those of deliveries about a ticket to a recipient.
    static func recorded(
        _ ids: [String], _ recipient: Recipient.ID, _ ticket: Ticket.ID, in db: Connection
    ) throws -> Set<String> {
        let rows = try db.all(
            """
            SELECT message_id FROM deliveries
            WHERE recipient_id = \(recipient) AND ticket_id = \(ticket) AND message_id IN (\(list: ids))
            """)
        return Set(try rows.map { row in try row["message_id"] })
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

extension DeliveryStore {
    /// See ``LiveTopic``: the newest in detail; of older ones, which of them wait or were given up.
    static func fingerprint(_ audience: LiveAudience, in db: Connection) throws -> [Int64] {
        let organization: Organization.ID
        switch audience {
        case .installation:
            return try db.numbers("SELECT COALESCE(MAX(id), 0) AS a FROM deliveries", ["a"])
                + db.numbers("SELECT COALESCE(MAX(finished_at), 0) AS a FROM job_history", ["a"])
        case .person: return []
        case .organization(let id): organization = id
        }
        func edge(_ function: SQL, _ state: String) -> SQL {
            """
            (SELECT COALESCE(\(function)(id), 0) FROM deliveries
                WHERE organization_id = \(organization) AND state = \(state))
            """
        }
        return try db.numbers(
            """
            SELECT COALESCE(MAX(id), 0) AS a, COALESCE(SUM(attempts), 0) AS b, COALESCE(MAX(sent_at), 0) AS c,
                COALESCE(SUM(CASE state WHEN 'queued' THEN 1 WHEN 'sent' THEN 100 WHEN 'failed' THEN 10000
                    WHEN 'uncertain' THEN 1000000 ELSE 0 END), 0) AS d,
                \(edge("MIN", "queued")) AS e, \(edge("MAX", "queued")) AS f, \(edge("MIN", "failed")) AS g,
                \(edge("MAX", "failed")) AS h, \(edge("MAX", "uncertain")) AS i
            FROM (
                SELECT id, attempts, sent_at, state FROM deliveries WHERE organization_id = \(organization)
                ORDER BY id DESC LIMIT 50) AS newest
            """, ["a", "b", "c", "d", "e", "f", "g", "h", "i"])
    }

    /// See ``LiveTopic``: how many have failed, as the navigation shows it.
    static func countFingerprint(_ audience: LiveAudience, in db: Connection) throws -> [Int64] {
        switch audience {
        case .installation:
            try db.numbers("SELECT COALESCE(MAX(finished_at), 0) AS a FROM job_history", ["a"])
        case .person: []
        case .organization(let id):
            try db.numbers(
                """
                SELECT COUNT(*) AS a FROM (
                    SELECT 1 FROM deliveries WHERE organization_id = \(id) AND state = \(Delivery.State.failed)
                    LIMIT \(Overview.mostCounted)) AS counted
                """, ["a"])
        }
    }
}

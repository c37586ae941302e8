import API
import Accounts
import BoundaryText
import Database
import Foundation
import Jobs
import Ticketing
import WebSupport

/// The job that queues many failed deliveries again, some hundred at a time, so that no transaction is long and the request
/// does not wait for the last one.
public struct RetryOfMany: JobHandler {
    /// Which ones.
    public struct Payload: Codable, Sendable {
        let organization: Organization.ID
        let ticket: Ticket.ID?
        let recipient: Recipient.ID?
        let since: Date?
        let until: Date?
        /// Those up to here were done.
        var after: Delivery.ID
        /// What fails later is not meant.
        let last: Delivery.ID
    }

    /// Stored; never renamed.
    public static let kind = JobKind(rawValue: "retry_deliveries")
    /// See ``RetrySchedule/inbound``.
    public let schedule = RetrySchedule.inbound

    private static let portion = 500

    private let now: @Sendable () -> Date

    /// - Parameter now: the wall clock.
    public init(now: @escaping @Sendable () -> Date = { Date() }) {
        self.now = now
    }

    /// Has failed deliveries queued again.
    /// - Returns: how many there are now.
    static func start(
        _ filter: DeliveryStore.Filter, of organization: Organization.ID, queue: JobQueue, now: Date, in db: Connection
    ) throws -> Int {
        var query: SQL = """
            SELECT COUNT(*) AS number, MAX(d.id) AS last FROM deliveries d
            WHERE d.organization_id = \(organization) AND d.state = \(Delivery.State.failed)
            """
        query += DeliveryStore.conditions(filter)
        let row = try db.first(query)
        guard let row, let last: Delivery.ID = try row["last"] else { return 0 }
        let payload = Payload(
            organization: organization, ticket: filter.ticket, recipient: filter.recipient, since: filter.since,
            until: filter.until, after: 0, last: last)
        try queue.enqueue([job(payload, now: now)], now: now, in: db)
        return try row["number"]
    }

    private static func job(_ payload: Payload, now: Date) throws -> NewJob {
        try job(payload, lane: "retry_deliveries:\(payload.organization)", runAt: now)
    }

    /// See ``JobHandler``.
    public func run(_ payload: Payload, of job: ClaimedJob) async -> JobOutcome {
        let instant = now()
        return .followed { db in
            let filter = DeliveryStore.Filter(
                ticket: payload.ticket, recipient: payload.recipient, since: payload.since, until: payload.until)
            // The state again outside: PostgreSQL checks it again after waiting for another transaction's lock.
            let rows = try db.all(
                """
                UPDATE deliveries SET state = \(Delivery.State.queued), error = NULL, tracking_id = NULL
                WHERE state = \(Delivery.State.failed) AND id IN (
                    SELECT d.id FROM deliveries d WHERE d.organization_id = \(payload.organization)
                        AND d.state = \(Delivery.State.failed) AND d.id > \(payload.after) AND d.id <= \(payload.last)
                        \(DeliveryStore.conditions(filter))
                    ORDER BY d.id LIMIT \(Self.portion))
                RETURNING id, recipient_id, ticket_id
                """)
            guard !rows.isEmpty else { return [] }
            var deliveries = try rows.map { row in
                (
                    id: try row["id"] as Delivery.ID, recipient: try row["recipient_id"] as Recipient.ID,
                    ticket: try row["ticket_id"] as Ticket.ID
                )
            }
            deliveries.sort { $0.id < $1.id }
            var next = payload
            next.after = deliveries.last?.id ?? payload.last
            return try DeliveryStore.jobs(deliveries, now: instant, in: db) + [Self.job(next, now: instant)]
        }
    }
}

import API
import Accounts
import BoundaryText
import Database
import Foundation
import Synchronization
import Ticketing

/// An organization's notifications at a glance.
struct Overview: Sendable {
    /// One hour of the last day.
    struct Hour: Sendable, Equatable {
        let startsAt: Date
        var events = 0
        var sent = 0
        var failed = 0
    }

    /// An event with the number of deliveries about it.
    struct Recent: Sendable {
        let id: TicketEvent.ID
        let ticket: Ticket.ID
        let kind: TicketEvent.Kind
        let summary: String
        let at: Date
        let notified: Int
    }

    static let mostCounted = API.Overview.mostCounted
    private static let hours = 24

    let hours: [Hour]
    let counts: Counts
    let recent: [Recent]

    /// What needs attention, and what is on its way.
    struct Counts: Sendable, Equatable {
        let failed: Int
        let waiting: Int
        /// Writes to tickets that failed or wait: the caller's own, and everyone's for administrators.
        let posts: Int

        /// - Parameter posts: how many there are to act on; another feature counts them.
        init(of organization: Organization.ID, posts: Int, in db: Connection) throws {
            self.posts = posts
            func count(_ states: [Delivery.State]) throws -> Int {
                try db.first(
                    """
                    SELECT COUNT(*) AS n FROM (
                        SELECT 1 FROM deliveries WHERE organization_id = \(organization) AND state IN (\(list: states))
                        LIMIT \(Overview.mostCounted)) AS counted
                    """)?["n"] ?? 0
            }
            failed = try count([.failed])
            waiting = try count([.queued, .uncertain])
        }
    }

    /// - Parameter past: the hours before the present one, if they are known well enough.
    init(
        of organization: Organization.ID, posts: Int, now: Date, past: [Int: Hour]? = nil, in db: Connection
    ) throws {
        counts = try Counts(of: organization, posts: posts, in: db)
        let connections = try PSAConnections.ids(of: organization, limit: 20, in: db)
        let present = Self.number(of: now)
        let first = present - Self.hours + 1
        let found = try Self.hours(
            from: past == nil ? first : present, of: organization, connections, in: db
        ).merging(past ?? [:]) { found, _ in found }
        hours = (first...present).map { found[$0] ?? Hour(startsAt: Self.start(of: $0)) }
        recent = try connections.flatMap { try Self.latest(of: $0, in: db) }.sorted { $0.at > $1.at }.prefix(8).map(
            \.self)
    }

    /// Counts hours from 1970.
    static func number(of instant: Date) -> Int { Int(saturating: instant.timeIntervalSince1970) / 3_600 }

    static func start(of number: Int) -> Date { Date(timeIntervalSince1970: Double(number) * 3_600) }

    private static func hours(
        from first: Int, of organization: Organization.ID, _ connections: [PSAConnection.ID], in db: Connection
    ) throws -> [Int: Hour] {
        var hours: [Int: Hour] = [:]
        let since = start(of: first)
        let firstDelivery = try db.firstID(of: "deliveries", since: since)
        let deliveries = try db.all(
            """
            SELECT created_at / 3600000 AS hour, state, COUNT(*) AS n FROM deliveries
            WHERE organization_id = \(organization) AND id >= \(firstDelivery) AND created_at >= \(since) GROUP BY 1, 2
            """)
        for row in deliveries {
            let (number, state, count): (Int, Delivery.State, Int) = (
                try row["hour"], try row["state"], try row["n"]
            )
            switch state {
            case .sent: hours[number, default: Hour(startsAt: start(of: number))].sent += count
            case .failed: hours[number, default: Hour(startsAt: start(of: number))].failed += count
            case .queued, .uncertain, .skipped, .simulated: break
            }
        }
        for (number, count) in try StoredEvents.counts(of: connections, since: since, in: db) {
            hours[number, default: Hour(startsAt: start(of: number))].events += count
        }
        return hours
    }

    private static func latest(of connection: PSAConnection.ID, in db: Connection) throws -> [Recent] {
        let events = try StoredEvents.latest(of: connection, limit: 8, in: db)
        let notified = try DeliveryStore.counts(of: events.map(\.id), in: db)
        return events.map { event in
            Recent(
                id: event.id, ticket: event.ticket, kind: event.event.kind, summary: event.event.details.summary,
                at: event.at, notified: notified[event.id] ?? 0)
        }
    }
}

/// The hours of the last day that are over, as they were a minute ago at most. They change only when a failed message is
/// sent again, and a dashboard that is live asks every second.
final class PastHours: Sendable {
    private static let lifetime: Duration = .seconds(60)
    private static let most = 1_000

    private struct Known {
        let hours: [Int: Overview.Hour]
        let present: Int
        let at: ContinuousClock.Instant
    }

    private let known = Mutex<[Organization.ID: Known]>([:])

    /// The hours before the present one; nil when they have to be read.
    func hours(of organization: Organization.ID, now: Date) -> [Int: Overview.Hour]? {
        known.withLock { known in
            guard let found = known[organization], found.present == Overview.number(of: now),
                found.at.duration(to: .now) < Self.lifetime
            else { return nil }
            return found.hours
        }
    }

    func keep(_ overview: Overview, of organization: Organization.ID, now: Date) {
        let present = Overview.number(of: now)
        let hours = Dictionary(
            overview.hours.map { (Overview.number(of: $0.startsAt), $0) }, uniquingKeysWith: { first, _ in first }
        ).filter { $0.key < present }
        known.withLock { known in
            if known.count >= Self.most { known = [:] }
            known[organization] = Known(hours: hours, present: present, at: .now)
        }
    }
}

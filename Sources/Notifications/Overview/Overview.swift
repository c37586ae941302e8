import Accounts
import BoundaryText
import Database
import Foundation
import Synchronization
import Ticketing

/// How it stands with an organization's notifications, at a glance.
struct Overview: Sendable {
    /// One hour of the last day.
    struct Hour: Sendable, Equatable {
        let startsAt: Date
        var events = 0
        var sent = 0
        var failed = 0
    }

    /// An event with the number of those who were told of it.
    struct Recent: Sendable {
        let id: TicketEvent.ID
        let ticket: Ticket.ID
        let kind: TicketEvent.Kind
        let summary: String
        let at: Date
        let told: Int
    }

    // Nobody reads larger numbers; counting goes no further.
    static let mostCounted = 1_000
    private static let hours = 24

    let hours: [Hour]
    let counts: Counts
    let recent: [Recent]

    /// What somebody has to act on, and what is on its way.
    struct Counts: Sendable, Codable, Equatable {
        let failed: Int
        let waiting: Int
        /// Writes to tickets that failed or wait: one's own, and everybody's for administrators.
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
        let connections: [PSAConnection.ID] = try db.all(
            "SELECT id FROM psa_connections WHERE organization_id = \(organization) ORDER BY id LIMIT 20"
        ).map { try $0["id"] }
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
        let firstDelivery = try firstID(of: "deliveries", since: since, in: db)
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
        let firstEvent = try firstID(of: "ticket_events", since: since, in: db)
        for connection in connections {
            let events = try db.all(
                """
                SELECT created_at / 3600000 AS hour, COUNT(*) AS n FROM ticket_events
                WHERE connection_id = \(connection) AND id >= \(firstEvent) AND created_at >= \(since) GROUP BY 1
                """)
            for row in events {
                let (number, count): (Int, Int) = (try row["hour"], try row["n"])
                hours[number, default: Hour(startsAt: start(of: number))].events += count
            }
        }
        return hours
    }

    /// The id from which on rows are not older than an instant. Ids grow with time, so it is found by halving, and no
    /// index on time is needed, which every message would have to keep up.
    static func firstID(of table: SQL, since: Date, in db: Connection) throws -> Int64 {
        let last: Int64 = try db.first("SELECT MAX(id) AS last FROM \(table)")?["last"] ?? nil ?? 0
        var (low, high): (Int64, Int64) = (1, last + 1)
        while low < high {
            let middle = low + (high - low) / 2
            let row = try db.first(
                "SELECT id, created_at FROM \(table) WHERE id >= \(middle) ORDER BY id LIMIT 1")
            guard let row else {
                high = middle
                continue
            }
            let (id, at): (Int64, Date) = (try row["id"], try row["created_at"])
            if at < since { low = id + 1 } else { high = middle }
        }
        return low
    }

    private static func latest(of connection: PSAConnection.ID, in db: Connection) throws -> [Recent] {
        let rows = try db.all(
            """
            SELECT e.id, e.ticket_id, e.kind, e.details, e.created_at,
                (SELECT COUNT(*) FROM deliveries d WHERE d.event_id = e.id) AS told
            FROM ticket_events e WHERE e.connection_id = \(connection) ORDER BY e.id DESC LIMIT 8
            """)
        return try rows.map { row in
            let details: String = try row["details"]
            return Recent(
                id: try row["id"], ticket: try row["ticket_id"], kind: try row["kind"],
                summary: try JSONDecoder().decode(TicketEvent.Details.self, from: Data(details.utf8)).summary,
                at: try row["created_at"], told: try row["told"])
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

import Accounts
import Database
import Foundation
import Ticketing

/// The indexes by which the last day is found among the years before it.
public let overviewSchema: [SQL] = [
    "CREATE INDEX deliveries_by_time ON deliveries (organization_id, created_at, state)",
    "CREATE INDEX ticket_events_by_time ON ticket_events (connection_id, created_at)",
]

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
    private static let hour = 3_600_000

    let hours: [Hour]
    let counts: Counts
    let recent: [Recent]

    /// What somebody has to act on, and what is on its way.
    struct Counts: Sendable, Codable, Equatable {
        let failed: Int
        let waiting: Int

        init(of organization: Organization.ID, in db: Connection) throws {
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

    init(of organization: Organization.ID, now: Date, in db: Connection) throws {
        counts = try Counts(of: organization, in: db)
        let present = Int(now.timeIntervalSince1970 * 1_000) / Self.hour
        let first = present - Self.hours + 1
        let since = Date(timeIntervalSince1970: Double(first * Self.hour) / 1_000)
        var byHour: [Int: Hour] = [:]
        func add(_ number: Int, _ change: (inout Hour) -> Void) {
            var hour = byHour[number] ?? Hour(startsAt: Date(timeIntervalSince1970: Double(number * Self.hour) / 1_000))
            change(&hour)
            byHour[number] = hour
        }
        for number in first...present { add(number) { _ in } }
        let deliveries = try db.all(
            """
            SELECT created_at / 3600000 AS hour, state, COUNT(*) AS n FROM deliveries
            WHERE organization_id = \(organization) AND created_at >= \(since) GROUP BY 1, 2
            """)
        for row in deliveries {
            let (state, count): (Delivery.State, Int) = (try row["state"], try row["n"])
            add(try row["hour"]) { hour in
                switch state {
                case .sent: hour.sent += count
                case .failed: hour.failed += count
                case .queued, .uncertain, .skipped, .simulated: break
                }
            }
        }
        let connections: [PSAConnection.ID] = try db.all(
            "SELECT id FROM psa_connections WHERE organization_id = \(organization) ORDER BY id LIMIT 20"
        ).map { try $0["id"] }
        var recent: [Recent] = []
        for connection in connections {
            let events = try db.all(
                """
                SELECT created_at / 3600000 AS hour, COUNT(*) AS n FROM ticket_events
                WHERE connection_id = \(connection) AND created_at >= \(since) GROUP BY 1
                """)
            for row in events {
                let count: Int = try row["n"]
                add(try row["hour"]) { $0.events += count }
            }
            recent += try db.all(
                """
                SELECT e.id, e.ticket_id, e.kind, e.details, e.created_at,
                    (SELECT COUNT(*) FROM deliveries d WHERE d.event_id = e.id) AS told
                FROM ticket_events e WHERE e.connection_id = \(connection) ORDER BY e.id DESC LIMIT 8
                """
            ).map { row in
                let details: String = try row["details"]
                return Recent(
                    id: try row["id"], ticket: try row["ticket_id"], kind: try row["kind"],
                    summary: try JSONDecoder().decode(TicketEvent.Details.self, from: Data(details.utf8)).summary,
                    at: try row["created_at"], told: try row["told"])
            }
        }
        hours = byHour.sorted { $0.key < $1.key }.map(\.value)
        self.recent = Array(recent.sorted { $0.at > $1.at }.prefix(8))
    }
}

import Accounts
import BoundaryText
import Database
import Foundation

/// Forgets what is older than an organization wants to keep, a bounded number at a time.
///
/// Forgetting an event cannot make us tell of it again: what is news is decided by the mirror of the ticket, which stays; an
/// event's unique key only keeps two who look at the same moment from telling twice.
public enum Retention {
    /// What makes the oldest quick to find.
    public static let schema: [SQL] = [
        "CREATE INDEX ticket_events_of_connection ON ticket_events (connection_id, id)"
    ]

    private static let portion = 2_000

    /// Forgets a portion.
    /// - Returns: how much was forgotten; when it is nothing, there is nothing left.
    public static func forget(now: Date, in db: Connection) throws -> Int {
        var forgotten = 0
        let organizations = try db.all("SELECT id FROM organizations ORDER BY id LIMIT 1000").map {
            row -> Organization.ID in
            try row["id"]
        }
        for organization in organizations {
            let days = try NotificationSettings.of(organization, in: db).historyDays
            let oldest = now.addingTimeInterval(-Double(days) * 86_400)
            // Keys grow with time, so the oldest are the first by key. What still waits to be sent is never forgotten.
            forgotten += try db.execute(
                """
                DELETE FROM deliveries WHERE id IN (
                    SELECT o.id FROM (
                        SELECT id, created_at, state FROM deliveries WHERE organization_id = \(organization)
                        ORDER BY id LIMIT \(portion)) AS o
                    WHERE o.created_at < \(oldest) AND o.state NOT IN ('queued', 'uncertain'))
                """)
            forgotten += try db.execute(
                """
                DELETE FROM notices WHERE id IN (
                    SELECT o.id FROM (
                        SELECT id, created_at, state FROM notices WHERE organization_id = \(organization)
                        ORDER BY id LIMIT \(portion)) AS o
                    WHERE o.created_at < \(oldest) AND o.state NOT IN ('queued', 'uncertain'))
                """)
            let connections = try db.all(
                "SELECT id FROM psa_connections WHERE organization_id = \(organization) ORDER BY id LIMIT 100")
            for row in connections {
                let connection: Int64 = try row["id"]
                forgotten += try db.execute(
                    """
                    DELETE FROM ticket_events WHERE id IN (
                        SELECT o.id FROM (
                            SELECT id, created_at FROM ticket_events WHERE connection_id = \(connection)
                            ORDER BY id LIMIT \(portion)) AS o
                        WHERE o.created_at < \(oldest)
                            AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.event_id = o.id))
                    """)
            }
        }
        return forgotten
    }
}

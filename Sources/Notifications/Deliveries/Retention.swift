import Accounts
import BoundaryText
import Database
import Foundation
import Ticketing

/// Forgets deliveries and notices that an organization no longer wants to keep, a bounded number at a time.
package enum Retention {
    private static let portion = 2_000

    /// Forgets a portion.
    /// - Returns: how much was forgotten; when it is nothing, there is nothing left.
    package static func forget(now: Date, in db: Connection) throws -> Int {
        var forgotten = 0
        let organizations = try db.all("SELECT id FROM organizations ORDER BY id LIMIT 1000").map {
            row -> Organization.ID in
            try row["id"]
        }
        for organization in organizations {
            let days = try TicketingSettings.of(organization, in: db).historyDays
            let oldest = now.addingTimeInterval(-Double(days) * 86_400)
            for table in ["deliveries", "notices"] as [SQL] {
                // Keys grow with time, so the oldest are the first by key. What still waits to be sent is never forgotten.
                forgotten += try db.execute(
                    """
                    DELETE FROM \(table) WHERE id IN (
                        SELECT o.id FROM (
                            SELECT id, created_at, state FROM \(table) WHERE organization_id = \(organization)
                            ORDER BY id LIMIT \(portion)) AS o
                        WHERE o.created_at < \(oldest) AND o.state NOT IN ('queued', 'uncertain'))
                    """)
            }
        }
        return forgotten
    }
}

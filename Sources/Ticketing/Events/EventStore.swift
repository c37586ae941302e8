import API
import Accounts
import BoundaryText
import Database
import Foundation

/// The events' SQL.
package enum EventStore {
    /// An event that may be news.
    struct Detected: Sendable {
        let event: TicketEvent
        let ticket: Ticket
        let members: [String: Member]
        let instant: Date
    }

    /// Stores events of a connection.
    /// - Returns: those that were not stored before.
    static func insert(
        _ detected: [Detected], of connection: PSAConnection, in db: Connection
    ) throws -> [TicketNews] {
        let encoder = JSONEncoder()
        let rows = try detected.map { detected -> [SQLValue] in
            let details = String(decoding: try encoder.encode(detected.event.details), as: UTF8.self)
            return [
                connection.id.sqlValue, detected.ticket.id.sqlValue, detected.event.kind.sqlValue,
                detected.event.subject.sqlValue, details.sqlValue, detected.instant.sqlValue,
            ]
        }
        var ids: [Key: TicketEvent.ID] = [:]
        for rows in rows.portions {
            let stored = try db.all(
                """
                INSERT INTO ticket_events (connection_id, ticket_id, kind, subject, details, created_at)
                VALUES \(inserted: rows) ON CONFLICT (connection_id, ticket_id, kind, subject) DO NOTHING
                RETURNING id, ticket_id, kind, subject
                """)
            for row in stored { ids[try Key(row: row)] = try row["id"] }
        }
        // Of two alike in one call the first is stored, and only it has an id.
        return detected.compactMap { detected in
            ids.removeValue(forKey: Key(detected)).map { id in
                TicketNews(
                    id: id, event: detected.event, ticket: detected.ticket, members: detected.members,
                    connection: connection, instant: detected.instant)
            }
        }
    }

    private static let portion = 2_000

    /// Forgets a portion of the events that organizations no longer want to keep.
    ///
    /// Forgetting an event cannot make us tell of it again: what is news is decided by the mirror of the ticket, which
    /// stays; an event's unique key only keeps two who look at the same moment from telling twice.
    /// - Parameter kept: which events `e` are needed still.
    /// - Returns: how many were forgotten; when it is none, there is nothing left.
    package static func forget(now: Date, unless kept: [SQL], in db: Connection) throws -> Int {
        let isKept = kept.reduce("1 = 0" as SQL) { $0 + " OR " + $1 }
        var forgotten = 0
        for row in try db.all("SELECT id, organization_id FROM psa_connections ORDER BY id LIMIT 10000") {
            let (connection, organization): (PSAConnection.ID, Organization.ID) = (
                try row["id"], try row["organization_id"]
            )
            let days = try TicketingSettings.of(organization, in: db).historyDays
            // Keys grow with time, so the oldest are the first by key.
            forgotten += try db.execute(
                """
                DELETE FROM ticket_events WHERE id IN (
                    SELECT e.id FROM (
                        SELECT id, created_at FROM ticket_events WHERE connection_id = \(connection)
                        ORDER BY id LIMIT \(portion)) AS e
                    WHERE e.created_at < \(now.addingTimeInterval(-Double(days) * 86_400)) AND NOT (\(isKept)))
                """)
        }
        return forgotten
    }

    /// See ``LiveTopic``.
    static func fingerprint(_ audience: LiveAudience, in db: Connection) throws -> [Int64] {
        switch audience {
        case .installation: try db.numbers("SELECT COALESCE(MAX(id), 0) AS a FROM ticket_events", ["a"])
        case .organization(let id):
            try db.numbers(
                """
                SELECT COALESCE(MAX((SELECT MAX(e.id) FROM ticket_events e WHERE e.connection_id = p.id)), 0) AS a
                FROM psa_connections p WHERE p.organization_id = \(id)
                """, ["a"])
        case .person: []
        }
    }

    private struct Key: Hashable {
        let ticket: Ticket.ID
        let kind: TicketEvent.Kind
        let subject: String

        init(_ detected: Detected) {
            (ticket, kind) = (detected.ticket.id, detected.event.kind)
            // As it comes back: no engine stores a NUL.
            subject = String(sqlValue: detected.event.subject.sqlValue) ?? detected.event.subject
        }

        init(row: Row) throws {
            (ticket, kind, subject) = (try row["ticket_id"], try row["kind"], try row["subject"])
        }
    }
}

import API
import Accounts
import BoundaryText
import Database
import Foundation
import WebSupport

/// An event as it is stored.
package struct StoredEvent: Sendable {
    /// The key.
    package let id: TicketEvent.ID
    /// Where the ticket is.
    package let connection: PSAConnection.ID
    /// The ticket.
    package let ticket: Ticket.ID
    /// What changed.
    package let event: TicketEvent
    /// When it was detected.
    package let at: Date

    init(row: Row) throws {
        id = try row["id"]
        connection = try row["connection_id"]
        ticket = try row["ticket_id"]
        let details: String = try row["details"]
        event = TicketEvent(
            kind: try row["kind"], subject: try row["subject"],
            details: try JSONDecoder().decode(TicketEvent.Details.self, from: Data(details.utf8)))
        at = try row["created_at"]
    }
}

/// Reading events, for those who show them.
package enum StoredEvents {
    /// A page of a ticket's events.
    /// - Parameter connection: nil for all ticketing systems of the organization, of which two may use one number.
    package static func page(
        of ticket: Ticket.ID, on connection: PSAConnection.ID?, of organization: Organization.ID,
        newestFirst: Bool = false, page: PageRequest, in db: Connection
    ) throws -> Page<StoredEvent> {
        var query: SQL = """
            SELECT e.* FROM ticket_events e JOIN psa_connections p ON p.id = e.connection_id
            WHERE e.ticket_id = \(ticket) AND p.organization_id = \(organization)
            """
        if let connection { query += " AND e.connection_id = \(connection)" }
        let after = page.after?.number
        query +=
            newestFirst ? " AND e.id < \(after ?? .max) ORDER BY e.id DESC" : " AND e.id > \(after ?? 0) ORDER BY e.id"
        query += " LIMIT \(page.limit + 1)"
        return Page(try db.all(query).map(StoredEvent.init(row:)), limit: page.limit) { "\($0.id)" }
    }

    /// One event of a ticket; nil when there is no such.
    package static func find(
        _ id: TicketEvent.ID, of ticket: Ticket.ID, _ organization: Organization.ID, in db: Connection
    ) throws -> StoredEvent? {
        try db.first(
            """
            SELECT e.* FROM ticket_events e JOIN psa_connections p ON p.id = e.connection_id
            WHERE e.id = \(id) AND e.ticket_id = \(ticket) AND p.organization_id = \(organization)
            """
        ).map(StoredEvent.init(row:))
    }

    /// The newest events of a connection.
    package static func latest(of connection: PSAConnection.ID, limit: Int, in db: Connection) throws -> [StoredEvent] {
        try db.all(
            "SELECT * FROM ticket_events WHERE connection_id = \(connection) ORDER BY id DESC LIMIT \(limit)"
        ).map(StoredEvent.init(row:))
    }

    /// How many events of connections there were in each hour since an instant; hours are counted from 1970.
    package static func counts(
        of connections: [PSAConnection.ID], since instant: Date, in db: Connection
    ) throws -> [Int: Int] {
        let first = try db.firstID(of: "ticket_events", since: instant)
        var counts: [Int: Int] = [:]
        // One by one, for the index that goes by connection and id.
        for connection in connections {
            let rows = try db.all(
                """
                SELECT created_at / 3600000 AS hour, COUNT(*) AS n FROM ticket_events
                WHERE connection_id = \(connection) AND id >= \(first) AND created_at >= \(instant) GROUP BY 1
                """)
            for row in rows { counts[try row["hour"], default: 0] += try row["n"] as Int }
        }
        return counts
    }
}

import Accounts
import BoundaryText
import Database
import Foundation
import Ticketing
import WebSupport

/// What happened to a ticket, and who was told of it.
struct Timeline: Sendable {
    /// One event with all its deliveries.
    struct Entry: Sendable {
        let id: TicketEvent.ID
        let connection: PSAConnection.ID
        let event: TicketEvent
        /// Why nobody was told, when nobody was.
        let reason: String?
        let at: Date
        var deliveries: [Delivery] = []
    }

    /// A page of a ticket's events; two queries, however many there are.
    /// - Parameter connection: nil for all ticketing systems of the organization, of which two may use one number.
    static func page(
        of ticket: Ticket.ID, on connection: PSAConnection.ID?, of organization: Organization.ID,
        newestFirst: Bool = false, page: PageRequest, in db: Connection
    ) throws -> Page<Entry> {
        var query: SQL = """
            SELECT e.*, u.reason FROM ticket_events e JOIN psa_connections p ON p.id = e.connection_id
                LEFT JOIN untold_events u ON u.event_id = e.id
            WHERE e.ticket_id = \(ticket) AND p.organization_id = \(organization)
            """
        if let connection { query += " AND e.connection_id = \(connection)" }
        let after = page.after?.number
        query +=
            newestFirst ? " AND e.id < \(after ?? .max) ORDER BY e.id DESC" : " AND e.id > \(after ?? 0) ORDER BY e.id"
        query += " LIMIT \(page.limit + 1)"
        let entries = Page(try db.all(query).map(entry), limit: page.limit) { "\($0.id)" }
        guard !entries.items.isEmpty else { return entries }
        let deliveries: [Delivery] = try db.all(
            DeliveryStore.selection + """
                 WHERE d.event_id IN (\(list: entries.items.map(\.id))) ORDER BY d.id
                """)
        let byEvent = Dictionary(grouping: deliveries, by: \.event)
        return entries.map { entry in
            var entry = entry
            entry.deliveries = byEvent[entry.id] ?? []
            return entry
        }
    }

    /// One event of a ticket; nil when there is no such.
    static func entry(
        _ id: TicketEvent.ID, of ticket: Ticket.ID, _ organization: Organization.ID, in db: Connection
    ) throws -> Entry? {
        let row = try db.first(
            """
            SELECT e.*, u.reason FROM ticket_events e JOIN psa_connections p ON p.id = e.connection_id
                LEFT JOIN untold_events u ON u.event_id = e.id
            WHERE e.id = \(id) AND e.ticket_id = \(ticket) AND p.organization_id = \(organization)
            """)
        guard let row else { return nil }
        var entry = try entry(row)
        entry.deliveries = try db.all(DeliveryStore.selection + " WHERE d.event_id = \(id) ORDER BY d.id LIMIT 1000")
        return entry
    }

    private static func entry(_ row: Row) throws -> Entry {
        let details: String = try row["details"]
        return Entry(
            id: try row["id"], connection: try row["connection_id"],
            event: TicketEvent(
                kind: try row["kind"], subject: try row["subject"],
                details: try JSONDecoder().decode(TicketEvent.Details.self, from: Data(details.utf8))),
            reason: try row["reason"], at: try row["created_at"])
    }
}

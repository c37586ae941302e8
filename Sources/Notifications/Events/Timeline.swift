import API
import Accounts
import BoundaryText
import Database
import Foundation
import Ticketing
import WebSupport

/// What happened to a ticket, and who was notified.
struct Timeline: Sendable {
    /// One event with all its deliveries.
    struct Entry: Sendable {
        let id: TicketEvent.ID
        let connection: PSAConnection.ID
        let event: TicketEvent
        /// Why no one was notified, if no one was.
        let reason: String?
        let at: Date
        let deliveries: [Delivery]

        init(_ stored: StoredEvent, reason: String?, deliveries: [Delivery] = []) {
            (id, connection, event, at) = (stored.id, stored.connection, stored.event, stored.at)
            self.reason = reason
            self.deliveries = deliveries
        }
    }

    /// A page of a ticket's events; three queries, however many there are.
    /// - Parameter connection: nil for all ticketing systems of the organization, of which two may use one number.
    static func page(
        of ticket: Ticket.ID, on connection: PSAConnection.ID?, of organization: Organization.ID,
        newestFirst: Bool = false, page: PageRequest, in db: Connection
    ) throws -> Page<Entry> {
        let events = try StoredEvents.page(
            of: ticket, on: connection, of: organization, newestFirst: newestFirst, page: page, in: db)
        guard !events.items.isEmpty else { return events.map { Entry($0, reason: nil) } }
        let ids = events.items.map(\.id)
        let reasons = try DeliveryStore.reasons(of: ids, in: db)
        let deliveries: [Delivery] = try db.all(
            DeliveryStore.selection + " WHERE d.event_id IN (\(list: ids)) ORDER BY d.id")
        let byEvent = Dictionary(grouping: deliveries, by: \.event)
        return events.map { Entry($0, reason: reasons[$0.id], deliveries: byEvent[$0.id] ?? []) }
    }

    /// One event of a ticket; nil when there is no such.
    static func entry(
        _ id: TicketEvent.ID, of ticket: Ticket.ID, _ organization: Organization.ID, in db: Connection
    ) throws -> Entry? {
        guard let event = try StoredEvents.find(id, of: ticket, organization, in: db) else { return nil }
        return Entry(
            event, reason: try DeliveryStore.reasons(of: [id], in: db)[id],
            deliveries: try db.all(DeliveryStore.selection + " WHERE d.event_id = \(id) ORDER BY d.id LIMIT 1000"))
    }
}

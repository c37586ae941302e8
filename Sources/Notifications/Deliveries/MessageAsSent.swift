import API
import Accounts
import BoundaryText
import Database
import Foundation
import HTTPTypes
import Ticketing
import WebSupport

/// Shows the message of a delivery: written again as when it was sent, since messages are not kept.
func messageRoutes(_ database: Database, tickets: PSAConnections, chats: ChatConnectionStore) -> [Route] {
    [
        Route(Deliveries.message, of: "delivery") { request in
            let (id, organization) = (request.place, request.principal.organization)
            let found = try await database.read { db -> (Delivery, Row, NotificationSettings)? in
                guard let delivery = try DeliveryStore.find(id, of: organization, in: db),
                    let row = try db.first(
                        """
                        SELECT e.kind, e.subject, e.details, e.connection_id AS psa, r.connection_id AS chat
                        FROM deliveries d JOIN ticket_events e ON e.id = d.event_id
                            JOIN recipients r ON r.id = d.recipient_id WHERE d.id = \(id)
                        """)
                else { return nil }
                return (delivery, row, try NotificationSettings.of(organization, in: db))
            }
            guard let (delivery, row, settings) = found else { throw Problem.notFound("delivery") }
            let (psa, chat): (PSAConnection.ID, ChatConnection.ID) = (try row["psa"], try row["chat"])
            let details: String = try row["details"]
            let event = TicketEvent(
                kind: try row["kind"], subject: try row["subject"],
                details: try JSONDecoder().decode(TicketEvent.Details.self, from: Data(details.utf8)))
            // Credentials that cannot be opened are said on the connection's own page.
            guard let live = try? await tickets.live(psa), let messenger = try? await chats.messenger(chat) else {
                throw Problem.conflict(
                    code: "connection_unavailable",
                    "The message cannot be shown: the connection it was sent through is deleted or cannot be used.")
            }
            let renderer = MessageRenderer(
                longestNote: settings.maxMessageLength, longestMessage: messenger.longestMessage)
            return Deliveries.Message(
                markdown: renderer.message(
                    about: event, ticket: delivery.ticket, link: live.provider.link(to: delivery.ticket),
                    forwardedFrom: delivery.forwardedFrom))
        }
    ]
}

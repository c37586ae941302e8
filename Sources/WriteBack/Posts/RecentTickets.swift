import API
import Accounts
import BoundaryText
import Database
import Foundation
import Hummingbird
import Ticketing
import WebSupport

/// The tickets that the caller last updated.
func recentTicketRoutes(_ access: TicketAccess, database: Database) -> [Route] {
    Tickets.recent.routes { request in
        let live = try await access.live(for: request.signedIn)
        let (user, companies) = (request.principal.user, access.companies(for: request.signedIn, on: live))
        let tickets = try await database.read { db in
            try RecentTickets.of(user, on: live.connection, companies: companies, in: db)
        }
        return Few(tickets.map { Tickets.Answer($0, live) })
    }
}

/// The tickets that a user last updated.
enum RecentTickets {
    static func of(
        _ user: User.ID, on connection: PSAConnection, companies: [Company.ID]?, in db: Connection
    ) throws -> [Ticket] {
        let ids = try db.all(
            """
            SELECT ticket_id, MAX(id) AS newest FROM (
                SELECT p.ticket_id, p.id FROM posts p
                JOIN post_requests r ON r.id = p.request_id AND r.connection_id = \(connection.id)
                WHERE p.organization_id = \(connection.organization) AND p.user_id = \(user.rawValue)
                ORDER BY p.id DESC LIMIT 50) AS latest
            GROUP BY ticket_id ORDER BY newest DESC LIMIT 8
            """
        ).map { row -> Ticket.ID in try row["ticket_id"] }
        let tickets = try TicketCopyStore().tickets(ids, of: connection.id, in: db)
        return ids.compactMap { tickets[$0]?.ticket }
            .filter { ticket in
                companies.map { allowed in allowed.contains { $0.rawValue == ticket.company?.id } } ?? true
            }
    }
}

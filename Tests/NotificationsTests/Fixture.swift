import API
import Accounts
import Foundation
import Jobs
import Server
import TestSupport
import Ticketing
import Tickets

@testable import Database
@testable import Notifications

let notifications = Installation.migrations

/// An organization with a ticketing system, three boards and a bot.
struct Stage: Sendable {
    let organization: Organization.ID
    let psa: PSAConnection.ID
    let chat: ChatConnection.ID

    init(in db: Connection) throws {
        let organization: Organization.ID = try db.one(
            "INSERT INTO organizations (name, created_at) VALUES ('MSP', 0) RETURNING id")
        let hook = String(UInt64.random(in: 0...UInt64.max))
        psa = try db.one(
            """
            INSERT INTO psa_connections (
                organization_id, provider, name, site, company, hook_key, public_key_hint, private_key_hint,
                client_id_hint, state, baseline_at, created_at)
            VALUES (\(organization), 'connectwise', 'PSA', 'x', 'acme', \(hook), '', '', '', 'ok', 0, 0) RETURNING id
            """)
        chat = try db.one(
            """
            INSERT INTO chat_connections (organization_id, provider, name, url, token_hint, state, created_at)
            VALUES (\(organization), 'webex', 'Bot', 'x', '', 'ok', 0) RETURNING id
            """)
        self.organization = organization
        for board in ["1", "2", "3"] {
            try db.execute(
                "INSERT INTO psa_boards (connection_id, id, name, fetched_at) VALUES (\(psa), \(board), \("Board " + board), 0)"
            )
        }
    }

    func connection(in db: Connection) throws -> PSAConnection {
        let found: PSAConnection? = try db.first("SELECT * FROM psa_connections WHERE id = \(psa)")
        guard let found else { throw DatabaseError.statement("no connection") }
        return found
    }

    func rooms(_ titles: [String], in db: Connection) throws -> [Recipient.ID] {
        try titles.map { title in
            try db.one(
                """
                INSERT INTO recipients (connection_id, kind, address, address_key, name, created_at)
                VALUES (\(chat), 'room', \("room-" + title), \("room-" + title), \(title), 0) RETURNING id
                """)
        }
    }
}

/// A rule without a database.
func rule(
    _ id: Int = 1, recipient: Int = 1, enabled: Bool = true, simulate: Bool = false, updates: Rule.Updates = .none,
    visibility: Rule.Visibility = .all, threaded: Bool = false
) throws -> Rule {
    let columns: [(String, any SQLConvertible)] = [
        ("id", id), ("board_id", "1"), ("board_name", "Support"), ("recipient_id", recipient),
        ("recipient_name", "Room"), ("recipient_kind", "room"), ("enabled", enabled), ("simulate", simulate),
        ("updates", updates), ("visibility", visibility), ("thread_updates", threaded), ("created_at", 0),
    ]
    return try Rule(row: Row(columns: .init(columns.map(\.0)), values: columns.map(\.1.sqlValue)))
}

func event(_ kind: TicketEvent.Kind, _ change: (inout TicketEvent.Details) -> Void = { _ in }) -> TicketEvent {
    var details = TicketEvent.Details(ticket())
    change(&details)
    return TicketEvent(kind: kind, subject: "", details: details)
}

import Accounts
import Foundation
import Jobs
import TestSupport
import Ticketing

@testable import Database
@testable import Notifications

// One step: all tests of a run wait for the same lock at each.
let notifications = [
    Migration(
        1, "everything",
        accountsSchema + wholeJobSchema + ticketingSchema
            + notificationsSchema + ticketingSyncSchema + syncSchema
            + forwardSchema + noticeSchema + Retention.schema + tenantSchema + ticketingWriteSchema + memberNameSchema
            + memberKeySchema + postScopeSchema + postTimeSchema + settingsVersionSchema
            + webhookSchema + callbackKeySchema + refusalSchema + threadSchema)
]

let instant = Date(timeIntervalSince1970: 1_790_000_000)

extension Connection {
    /// The one value of the one row of a query.
    func one<Value: SQLDecodable>(_ sql: SQL, _ column: String = "id") throws -> Value {
        guard let row = try first(sql) else { throw DatabaseError.statement("no row") }
        return try row[column]
    }
}

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

func note(
    _ id: String = "n1", by author: String? = "anna", text: String = "text", internal isInternal: Bool = false,
    at date: Date? = instant
) -> TicketNote {
    TicketNote(
        id: id, kind: .note, author: author, authorIdentifier: author, text: text, isInternal: isInternal,
        createdAt: date)
}

func ticket(_ change: (inout Ticket) -> Void = { _ in }) -> Ticket {
    var ticket = Ticket(
        id: "7", summary: "Printer", board: .init(id: "1", name: "Support"), status: .init(id: "10", name: "New"),
        company: .init(id: "20", name: "Acme"), contact: .init(id: "30", name: "Bob"),
        priority: .init(id: "40", name: "High"), enteredAt: instant, updatedAt: instant, updatedBy: "zoe")
    change(&ticket)
    return ticket
}

func event(_ kind: TicketEvent.Kind, _ change: (inout TicketEvent.Details) -> Void = { _ in }) -> TicketEvent {
    var details = TicketEvent.Details(ticket())
    change(&details)
    return TicketEvent(kind: kind, subject: "", details: details)
}

import API
import Accounts
import BoundaryText
import Database
import Foundation
import WebSupport

/// The recipients' SQL.
enum RecipientStore {
    static func find(_ id: Recipient.ID, of organization: Organization.ID, in db: Connection) throws -> Recipient? {
        try db.first(
            """
            SELECT r.* FROM recipients r JOIN chat_connections c ON c.id = r.connection_id
            WHERE r.id = \(id) AND c.organization_id = \(organization)
            """)
    }

    static func list(
        of organization: Organization.ID, kind: Recipient.Kind?, text: String?, page: PageRequest, in db: Connection
    ) throws -> Page<Recipient> {
        var query: SQL = """
            SELECT r.* FROM recipients r JOIN chat_connections c ON c.id = r.connection_id
            WHERE c.organization_id = \(organization) AND r.id > \(page.after?.number ?? 0)
            """
        if let kind { query += " AND r.kind = \(kind)" }
        if let text {
            // Put into lower case by the database alone, so that letters beyond ASCII compare alike.
            let pattern = "%\(text.escapedForLike)%"
            query +=
                " AND (lower(r.name) LIKE lower(\(pattern)) ESCAPE '!' OR lower(r.address) LIKE lower(\(pattern)) ESCAPE '!')"
        }
        query += " ORDER BY r.id LIMIT \(page.limit + 1)"
        return Page(try db.all(query), limit: page.limit) { "\($0.id)" }
    }

    /// The connection that notifies people: an organization's oldest active one that supports people.
    static func defaultConnection(of organization: Organization.ID, in db: Connection) throws -> ChatConnection.ID? {
        try db.first(
            """
            SELECT id FROM chat_connections WHERE organization_id = \(organization) AND active = 1
                AND provider <> \(ChatConnection.Provider.webhook) ORDER BY id LIMIT 1
            """)?["id"]
    }

    /// The person with this e-mail, remembered from now on. Compared without case.
    static func person(
        email: String, name: String, of connection: ChatConnection.ID, now: Date, in db: Connection
    ) throws -> Recipient.ID {
        // Looked for first: a plain read keeps the many who are known from writing.
        let present: SQL = """
            SELECT id FROM recipients WHERE connection_id = \(connection) AND kind = 'person'
                AND address_key = \(email.lowercased())
            """
        if let id: Recipient.ID = try db.first(present)?["id"] { return id }
        try db.execute(
            """
            INSERT INTO recipients (connection_id, kind, address, address_key, name, created_at)
            VALUES (\(connection), 'person', \(email), \(email.lowercased()), \(name), \(now))
            ON CONFLICT (connection_id, kind, address_key) DO NOTHING
            """)
        guard let id: Recipient.ID = try db.first(present)?["id"] else {
            throw DatabaseError.statement("a new recipient is gone")
        }
        return id
    }

    /// Takes over what the chat system knows of the person with this e-mail. Nobody there: a recipient that we have becomes
    /// inactive, and none is made. Several accounts: the one whose main address it is, as messages go by address.
    static func store(
        _ accounts: [ChatAccount], email: String, name: String, of connection: ChatConnection.ID, now: Date,
        in db: Connection
    ) throws {
        let main = accounts.first { $0.emails.first?.lowercased() == email.lowercased() }
        guard let account = main ?? accounts.min(by: { $0.id < $1.id }) else {
            try db.send(
                """
                UPDATE recipients SET active = 0 WHERE connection_id = \(connection) AND kind = 'person'
                    AND address_key = \(email.lowercased()) AND active = 1
                """)
            return
        }
        let id = try person(email: email, name: name, of: connection, now: now, in: db)
        try db.send(
            """
            UPDATE recipients SET active = 1, name = \(account.name), account_id = \(account.id)
            WHERE id = \(id) AND (active = 0 OR name <> \(account.name) OR COALESCE(account_id, '') <> \(account.id))
            """)
    }

    /// Marks a recipient as there again, under a new name if one is given.
    static func restore(_ id: Recipient.ID, name: String?, in db: Connection) throws {
        try db.execute(
            "UPDATE recipients SET active = 1, name = COALESCE(CAST(\(orNull: name) AS TEXT), name) WHERE id = \(id)")
    }

    /// Takes over all rooms of a bot; those that are gone become inactive and keep their rules and history.
    static func store(_ rooms: [ChatRoom], of connection: ChatConnection.ID, now: Date, in db: Connection) throws {
        try db.execute(
            "UPDATE recipients SET active = 0 WHERE connection_id = \(connection) AND kind = 'room' AND active = 1")
        for start in stride(from: 0, to: rooms.count, by: 100) {
            let values = rooms[start..<min(start + 100, rooms.count)].map { room -> SQL in
                "(\(connection), 'room', \(room.id), \(room.id), \(room.title), \(now))"
            }
            try db.execute(
                """
                INSERT INTO recipients (connection_id, kind, address, address_key, name, created_at)
                VALUES \(values.joined(", "))
                ON CONFLICT (connection_id, kind, address_key) DO UPDATE SET name = excluded.name, active = 1
                """)
        }
    }

    /// Notes that a message reached a recipient, who is there, whatever an earlier 404 said.
    static func reached(_ id: Recipient.ID, in db: Connection) throws {
        guard db.isNews(true, for: "reached \(id)") else { return }
        try db.send("UPDATE recipients SET active = 1 WHERE id = \(id) AND active = 0")
    }

    /// A message that does not arrive because the recipient is not there any more.
    static func lost(_ id: Recipient.ID, in db: Connection) throws {
        guard db.isNews(false, for: "reached \(id)") else { return }
        try db.send("UPDATE recipients SET active = 0 WHERE id = \(id)")
    }
}

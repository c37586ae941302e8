import API
import Accounts
import BoundaryText
import Database
import Foundation

/// What we stored of a ticket at the last look.
public struct TicketCopy: Sendable, Equatable {
    /// As it was then.
    public let ticket: Ticket
    /// Where the next look at its notes starts.
    public let activityCursor: String?
    /// When it was found to be gone.
    public let deletedAt: Date?
}

/// Our copy of the tickets of a connection: what events are detected against.
public struct TicketCopyStore: Sendable {
    /// Makes a mirror; all its state is in the database.
    public init() {}

    /// What is stored of a ticket; nil when it was never seen.
    public func ticket(
        _ id: Ticket.ID, of connection: PSAConnection.ID, in db: Connection
    ) throws -> TicketCopy? {
        try tickets([id], of: connection, in: db)[id]
    }

    /// What is stored of tickets; those that were never seen are missing.
    public func tickets(
        _ ids: [Ticket.ID], of connection: PSAConnection.ID, in db: Connection
    ) throws -> [Ticket.ID: TicketCopy] {
        guard !ids.isEmpty else { return [:] }
        var tickets: [Ticket.ID: TicketCopy] = [:]
        for row in try db.all(Self.stored(ids, of: connection)) {
            let mirrored = try Self.mirrored(row)
            tickets[mirrored.ticket.id] = mirrored
        }
        return tickets
    }

    /// The rows of tickets, each found by its key whatever the table's statistics say: neither a subquery with a limit nor
    /// the right side of SQLite's CROSS JOIN becomes the table that all begins with.
    private static func stored(_ ids: some Collection<Ticket.ID>, of connection: PSAConnection.ID) -> SQL {
        """
        SELECT t.* FROM (VALUES \(column: ids)) AS v CROSS JOIN \(SQL(
            sqlite: "psa_tickets t ON t.connection_id = \(connection) AND t.id = v.column1",
            postgres: """
                LATERAL (
                    SELECT * FROM psa_tickets WHERE connection_id = \(connection) AND id = v.column1 LIMIT 1) AS t
                """))
        """
    }

    private static func mirrored(_ row: Row) throws -> TicketCopy {
        func reference(_ name: String) throws -> Ticket.Reference? {
            guard let id: String = try row["\(name)_id"] else { return nil }
            return Ticket.Reference(id: id, name: try row["\(name)_name"] ?? "")
        }
        let resources: String = try row["resources"]
        let ticket = Ticket(
            id: try row["id"], summary: try row["summary"], board: try reference("board"),
            status: try reference("status"), isClosed: try row["closed"], company: try reference("company"),
            contact: try reference("contact"), priority: try reference("priority"), owner: try row["owner"],
            resources: resources.splitBytes(on: ",").map(String.init), enteredAt: try row["entered_at"],
            updatedAt: try row["updated_at"], updatedBy: try row["updated_by"], isProject: try row["is_project"])
        return TicketCopy(
            ticket: ticket, activityCursor: try row["activity_cursor"], deletedAt: try row["deleted_at"])
    }

    /// Where the next look at each ticket's notes starts; those that were never read are missing.
    public static func cursors(
        of tickets: [Ticket.ID], of connection: PSAConnection.ID, in db: Connection
    ) throws -> [Ticket.ID: String] {
        let rows = try db.all(
            """
            SELECT v.column1 AS id, (
                SELECT t.activity_cursor FROM psa_tickets t
                WHERE t.connection_id = \(connection) AND t.id = v.column1) AS activity_cursor
            FROM (VALUES \(column: tickets)) AS v
            """)
        var cursors: [Ticket.ID: String] = [:]
        for row in rows { cursors[try row["id"]] = try row["activity_cursor"] }
        return cursors
    }

    /// A ticket of an organization by its number; nil when it was never seen.
    /// - Parameter connection: nil for the first ticketing system that has such a number.
    public static func find(
        _ id: Ticket.ID, on connection: PSAConnection.ID?, of organization: Organization.ID, in db: Connection
    ) throws -> (connection: PSAConnection.ID, ticket: Ticket)? {
        var query: SQL = """
            SELECT t.connection_id FROM psa_tickets t JOIN psa_connections p ON p.id = t.connection_id
            WHERE p.organization_id = \(organization) AND t.id = \(id)
            """
        if let connection { query += " AND t.connection_id = \(connection)" }
        query += " ORDER BY t.connection_id LIMIT 1"
        guard let found: PSAConnection.ID = try db.first(query)?["connection_id"],
            let mirrored = try TicketCopyStore().ticket(id, of: found, in: db)
        else { return nil }
        return (found, mirrored.ticket)
    }

    /// Replaces what is stored of tickets and adds what was written on them.
    public func store(_ looks: [TicketLook], of connection: PSAConnection.ID, in db: Connection) throws {
        let tickets = looks.map { look in
            Self.row(look.ticket, cursor: look.activity.cursor, connection: connection, now: look.instant)
        }
        for rows in tickets.portions {
            try db.send(
                Self.insertion(of: rows) + """
                     ON CONFLICT (connection_id, id) DO UPDATE SET
                        summary = excluded.summary, board_id = excluded.board_id, board_name = excluded.board_name,
                        status_id = excluded.status_id, status_name = excluded.status_name, closed = excluded.closed,
                        company_id = excluded.company_id, company_name = excluded.company_name,
                        contact_id = excluded.contact_id, contact_name = excluded.contact_name,
                        priority_id = excluded.priority_id, priority_name = excluded.priority_name,
                        owner = excluded.owner, resources = excluded.resources, entered_at = excluded.entered_at,
                        updated_at = excluded.updated_at, updated_by = excluded.updated_by,
                        is_project = excluded.is_project, activity_cursor = excluded.activity_cursor,
                        refreshed_at = excluded.refreshed_at, deleted_at = NULL
                    """)
        }
        let notes = looks.flatMap { look in
            look.activity.notes.map { note -> [SQLValue] in
                [
                    connection.sqlValue, look.ticket.id.sqlValue, note.id.sqlValue, note.kind.sqlValue,
                    note.author.sqlValue, note.authorIdentifier.sqlValue, note.text.sqlValue,
                    note.isInternal.sqlValue, note.createdAt.sqlValue,
                ]
            }
        }
        for rows in notes.portions {
            try db.send(
                """
                INSERT INTO psa_notes (
                    connection_id, ticket_id, id, kind, author, author_identifier, text, internal, created_at)
                VALUES \(inserted: rows) ON CONFLICT DO NOTHING
                """)
        }
    }

    /// Stores tickets that were never seen, as a list showed them. What was written on them is not looked at: that waits
    /// for their first change.
    /// - Parameter run: the ticket sync that listed them; nil when another list did.
    public func storeListed(
        _ tickets: [Ticket], run: Int?, of connection: PSAConnection.ID, now: Date, in db: Connection
    ) throws {
        let rows = tickets.map { Self.row($0, cursor: nil, listedRun: run, connection: connection, now: now) }
        // One that was seen since then is more current.
        for rows in rows.portions { try db.send(Self.insertion(of: rows) + " ON CONFLICT DO NOTHING") }
    }

    private static func row(
        _ ticket: Ticket, cursor: String?, listedRun: Int? = nil, connection: PSAConnection.ID, now: Date
    ) -> [SQLValue] {
        [
            connection.sqlValue, ticket.id.sqlValue, ticket.summary.sqlValue, (ticket.board?.id).sqlValue,
            (ticket.board?.name).sqlValue, (ticket.status?.id).sqlValue, (ticket.status?.name).sqlValue,
            ticket.isClosed.sqlValue, (ticket.company?.id).sqlValue, (ticket.company?.name).sqlValue,
            (ticket.contact?.id).sqlValue, (ticket.contact?.name).sqlValue, (ticket.priority?.id).sqlValue,
            (ticket.priority?.name).sqlValue, ticket.owner.sqlValue, ticket.resources.joined(separator: ",").sqlValue,
            ticket.enteredAt.sqlValue, ticket.updatedAt.sqlValue, ticket.updatedBy.sqlValue,
            ticket.isProject.sqlValue, cursor.sqlValue, now.sqlValue, listedRun.sqlValue,
        ]
    }

    private static func insertion(of rows: [[SQLValue]]) -> SQL {
        """
        INSERT INTO psa_tickets (
            connection_id, id, summary, board_id, board_name, status_id, status_name, closed, company_id,
            company_name, contact_id, contact_name, priority_id, priority_name, owner, resources, entered_at,
            updated_at, updated_by, is_project, activity_cursor, refreshed_at, listed_run)
        VALUES \(inserted: rows)
        """
    }

    /// When tickets were last seen, and as of when; those that never were are missing.
    public func seen(
        _ ids: [Ticket.ID], of connection: PSAConnection.ID, in db: Connection
    ) throws -> [Ticket.ID: TicketTriage.Seen] {
        var seen: [Ticket.ID: TicketTriage.Seen] = [:]
        for start in stride(from: 0, to: ids.count, by: 500) {
            let part = ids[start..<min(start + 500, ids.count)]
            for row in try db.all(Self.stored(part, of: connection)) {
                let deletedAt: Date? = try row["deleted_at"]
                seen[try row["id"]] = TicketTriage.Seen(
                    updatedAt: try row["updated_at"], refreshedAt: try row["refreshed_at"],
                    isDeleted: deletedAt != nil)
            }
        }
        return seen
    }

    /// Notes that a ticket sync saw tickets among the open ones.
    public func markListed(
        _ ids: [Ticket.ID], run: Int, of connection: PSAConnection.ID, in db: Connection
    ) throws {
        for start in stride(from: 0, to: ids.count, by: 500) {
            try db.send(
                """
                UPDATE psa_tickets SET listed_run = \(run)
                FROM (VALUES \(rows: ids[start..<min(start + 500, ids.count)].map { [$0.sqlValue] })) AS v
                WHERE connection_id = \(connection) AND id = v.column1
                """)
        }
    }

    /// Tickets that are open in the copy but that a ticket sync did not see: closed, moved or deleted in the meantime. Those
    /// refreshed since the sync began need no further look.
    public func unlisted(
        run: Int, since start: Date, boards: [Board.ID], after id: Ticket.ID, limit: Int,
        of connection: PSAConnection.ID,
        in db: Connection
    ) throws -> [Ticket.ID] {
        var query: SQL = """
            SELECT id FROM psa_tickets WHERE connection_id = \(connection) AND closed = 0 AND deleted_at IS NULL
                AND COALESCE(listed_run, 0) < \(run) AND refreshed_at < \(start) AND id > \(id)
            """
        if !boards.isEmpty { query += " AND board_id IN (\(list: boards))" }
        query += " ORDER BY id LIMIT \(limit)"
        return try db.all(query).map { row -> Ticket.ID in try row["id"] }
    }

    /// Which of the notes that were found are stored already; needed because a look may find a note a second time.
    public func known(
        of looks: [TicketLook], of connection: PSAConnection.ID, in db: Connection
    ) throws -> Set<TicketLook.NoteKey> {
        var known: Set<TicketLook.NoteKey> = []
        let keys = looks.flatMap { look in
            look.activity.notes.map { [look.ticket.id.sqlValue, $0.id.sqlValue] }
        }
        for keys in keys.portions {
            let rows = try db.all(
                """
                SELECT n.ticket_id, n.id FROM (VALUES \(rows: keys)) AS v CROSS JOIN \(SQL(
                    sqlite: """
                        psa_notes n ON n.connection_id = \(connection) AND n.ticket_id = v.column1 AND n.id = v.column2
                        """,
                    postgres: """
                        LATERAL (
                            SELECT ticket_id, id FROM psa_notes
                            WHERE connection_id = \(connection) AND ticket_id = v.column1 AND id = v.column2
                            LIMIT 1) AS n
                        """))
                """)
            for row in rows { known.insert(.init(ticket: try row["ticket_id"], note: try row["id"])) }
        }
        return known
    }

    /// Marks a ticket as gone.
    /// - Returns: false when it was never seen or marked before.
    public func markDeleted(
        _ id: Ticket.ID, of connection: PSAConnection.ID, now: Date, in db: Connection
    ) throws -> Bool {
        try db.execute(
            """
            UPDATE psa_tickets SET deleted_at = \(now)
            WHERE connection_id = \(connection) AND id = \(id) AND deleted_at IS NULL
            """) > 0
    }
}

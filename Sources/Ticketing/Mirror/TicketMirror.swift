import Database
import Foundation

/// What we stored of a ticket at the last look.
public struct MirroredTicket: Sendable, Equatable {
    /// As it was then.
    public let ticket: Ticket
    /// Where the next look at its notes starts.
    public let activityCursor: String?
    /// When it was found to be gone.
    public let deletedAt: Date?
}

/// Our copy of the tickets of a connection: what events are detected against.
public struct TicketMirror: Sendable {
    /// Makes a mirror; all its state is in the database.
    public init() {}

    /// What is stored of a ticket; nil when it was never seen.
    public func ticket(
        _ id: Ticket.ID, of connection: PSAConnection.ID, in db: Connection
    ) throws -> MirroredTicket? {
        guard
            let row = try db.first(
                "SELECT * FROM psa_tickets WHERE connection_id = \(connection) AND id = \(id)")
        else { return nil }
        func reference(_ name: String) throws -> Ticket.Reference? {
            guard let id: String = try row["\(name)_id"] else { return nil }
            return Ticket.Reference(id: id, name: try row["\(name)_name"] ?? "")
        }
        let resources: String = try row["resources"]
        let ticket = Ticket(
            id: try row["id"], summary: try row["summary"], board: try reference("board"),
            status: try reference("status"), isClosed: try row["closed"], company: try reference("company"),
            contact: try reference("contact"), priority: try reference("priority"), owner: try row["owner"],
            resources: resources.split(separator: ",").map(String.init), enteredAt: try row["entered_at"],
            updatedAt: try row["updated_at"], updatedBy: try row["updated_by"])
        return MirroredTicket(
            ticket: ticket, activityCursor: try row["activity_cursor"], deletedAt: try row["deleted_at"])
    }

    /// Replaces what is stored of a ticket and adds what was written on it.
    public func store(
        _ ticket: Ticket, activity: TicketActivity, of connection: PSAConnection.ID, now: Date, in db: Connection
    ) throws {
        try db.send(
            """
            INSERT INTO psa_tickets (
                connection_id, id, summary, board_id, board_name, status_id, status_name, closed, company_id,
                company_name, contact_id, contact_name, priority_id, priority_name, owner, resources, entered_at,
                updated_at, updated_by, activity_cursor, refreshed_at, deleted_at)
            VALUES (
                \(connection), \(ticket.id), \(ticket.summary), \(orNull: ticket.board?.id), \(orNull: ticket.board?.name),
                \(orNull: ticket.status?.id), \(orNull: ticket.status?.name), \(ticket.isClosed),
                \(orNull: ticket.company?.id), \(orNull: ticket.company?.name), \(orNull: ticket.contact?.id),
                \(orNull: ticket.contact?.name), \(orNull: ticket.priority?.id), \(orNull: ticket.priority?.name),
                \(orNull: ticket.owner), \(ticket.resources.joined(separator: ",")), \(orNull: ticket.enteredAt),
                \(orNull: ticket.updatedAt), \(orNull: ticket.updatedBy), \(orNull: activity.cursor), \(now), NULL)
            ON CONFLICT (connection_id, id) DO UPDATE SET
                summary = excluded.summary, board_id = excluded.board_id, board_name = excluded.board_name,
                status_id = excluded.status_id, status_name = excluded.status_name, closed = excluded.closed,
                company_id = excluded.company_id, company_name = excluded.company_name,
                contact_id = excluded.contact_id, contact_name = excluded.contact_name,
                priority_id = excluded.priority_id, priority_name = excluded.priority_name, owner = excluded.owner,
                resources = excluded.resources, entered_at = excluded.entered_at, updated_at = excluded.updated_at,
                updated_by = excluded.updated_by, activity_cursor = excluded.activity_cursor,
                refreshed_at = excluded.refreshed_at, deleted_at = NULL
            """)
        for start in stride(from: 0, to: activity.notes.count, by: 50) {
            let rows = activity.notes[start..<min(start + 50, activity.notes.count)].map { note -> SQL in
                """
                (\(connection), \(ticket.id), \(note.id), \(note.kind), \(orNull: note.author),
                \(orNull: note.authorIdentifier), \(note.text), \(note.isInternal), \(orNull: note.createdAt))
                """
            }
            try db.send(
                """
                INSERT INTO psa_notes (
                    connection_id, ticket_id, id, kind, author, author_identifier, text, internal, created_at)
                VALUES \(rows.joined(", ")) ON CONFLICT DO NOTHING
                """)
        }
    }

    /// Which of these notes are stored already; needed because a look may find a note a second time.
    public func known(
        _ notes: [TicketNote], on ticket: Ticket.ID, of connection: PSAConnection.ID, in db: Connection
    ) throws -> Set<String> {
        var known: Set<String> = []
        for start in stride(from: 0, to: notes.count, by: 200) {
            let ids = notes[start..<min(start + 200, notes.count)].map(\.id)
            for row in try db.all(
                """
                SELECT id FROM psa_notes
                WHERE connection_id = \(connection) AND ticket_id = \(ticket) AND id IN (\(list: ids))
                """)
            { known.insert(try row["id"]) }
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

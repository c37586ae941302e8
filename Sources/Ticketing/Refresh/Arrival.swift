import BoundaryText
import Connections
import Database
import Foundation
import Jobs

/// What a refresh found. All that follows from it happens in one transaction with the end of the job.
struct Arrival: JobFinding {
    let look: TicketLook
    /// Those who are assigned, by lower-case identifier.
    let members: [String: Member]
    let connection: PSAConnection
    let listeners: [TicketListener]

    /// See ``JobFinding``: messages.
    static let mayBeFollowed = true

    private static let copies = TicketCopyStore()

    /// See ``JobFinding``. A ticket is there once at most: its lane runs one refresh at a time.
    static func store(_ arrivals: [Arrival], in db: Connection) throws -> [NewJob] {
        try Dictionary(grouping: arrivals, by: \.connection.id).sorted { $0.key < $1.key }.flatMap { id, arrivals in
            let looks = arrivals.map(\.look)
            let old = try copies.tickets(looks.map(\.ticket.id), of: id, in: db)
            let known = try copies.known(of: looks.filter { old[$0.ticket.id] != nil }, of: id, in: db)
            let detected = arrivals.flatMap { arrival in
                arrival.detected(old: old[arrival.look.ticket.id]?.ticket, known: known)
            }
            try copies.store(looks, of: id, in: db)
            try ConnectionFamily.psa.record(.ok, reason: nil, of: id, in: db)
            for arrival in arrivals { try arrival.noteRefusals(in: db) }
            return try tell(detected, of: arrivals[0].connection, arrivals[0].listeners, in: db)
        }
    }

    /// Stores events, and notifies listeners of those that are new.
    private static func tell(
        _ detected: [EventStore.Detected], of connection: PSAConnection, _ listeners: [TicketListener],
        in db: Connection
    ) throws -> [NewJob] {
        let news = try EventStore.insert(detected, of: connection, in: db)
        guard !news.isEmpty else { return [] }
        return try listeners.flatMap { try $0.hear(news, db) }
    }

    /// What happened to the ticket.
    private func detected(old: Ticket?, known: Set<TicketLook.NoteKey>) -> [EventStore.Detected] {
        let ticket = look.ticket
        let notes = look.activity.notes.filter { !known.contains(.init(ticket: ticket.id, note: $0.id)) }
        return EventDetection.events(old: old, new: ticket, notes: notes, baseline: connection.baselineAt).map {
            event in
            EventStore.Detected(event: event, ticket: ticket, members: members, instant: look.instant)
        }
    }

    private func noteRefusals(in db: Connection) throws {
        var read = [Refusals.ticket(look.ticket.id)]
        if let refused = look.activity.refusedTimes {
            try Refusals.note(Refusals.timeEntries, reason: refused, of: connection.id, now: look.instant, in: db)
        } else {
            read.append(Refusals.timeEntries)
        }
        try Refusals.clear(read, of: connection.id, in: db)
    }

    /// What follows from a ticket's being gone.
    static func deletion(
        of id: Ticket.ID, _ connection: PSAConnection, _ listeners: [TicketListener], now: Date
    ) -> @Sendable (Connection) throws -> [NewJob] {
        { db in
            guard let old = try copies.ticket(id, of: connection.id, in: db),
                try copies.markDeleted(id, of: connection.id, now: now, in: db)
            else { return [] }
            let event = EventDetection.deletion(of: old.ticket)
            return try tell(
                [.init(event: event, ticket: old.ticket, members: [:], instant: now)], of: connection, listeners, in: db
            )
        }
    }
}

import BoundaryText
import Database
import Foundation
import Jobs
import Ticketing

/// What a refresh found. All that follows from it happens in one transaction with the end of the job.
struct Arrival: JobFinding {
    let look: TicketLook
    /// Those who are assigned, by lower-case identifier.
    let members: [String: Member]
    let connection: PSAConnection

    /// See ``JobFinding``: messages.
    static let mayBeFollowed = true

    private static let mirror = TicketMirror()

    /// See ``JobFinding``. A ticket is there once at most: its lane runs one refresh at a time.
    static func store(_ arrivals: [Arrival], in db: Connection) throws -> [NewJob] {
        try Dictionary(grouping: arrivals, by: \.connection.id).sorted { $0.key < $1.key }.flatMap { id, arrivals in
            let looks = arrivals.map(\.look)
            let old = try mirror.tickets(looks.map(\.ticket.id), of: id, in: db)
            let known = try mirror.known(of: looks.filter { old[$0.ticket.id] != nil }, of: id, in: db)
            let planned = try arrivals.flatMap { arrival in
                try arrival.planned(old: old[arrival.look.ticket.id]?.ticket, known: known, in: db)
            }
            try mirror.store(looks, of: id, in: db)
            try PSAConnections.record(.ok, reason: nil, of: id, in: db)
            for arrival in arrivals { try arrival.noteRefusals(in: db) }
            return try DeliveryStore.insert(planned, of: id, arrivals[0].connection.organization, in: db)
        }
    }

    /// What happened to the ticket, and who is to be told.
    private func planned(
        old: Ticket?, known: Set<TicketLook.NoteKey>, in db: Connection
    ) throws -> [DeliveryStore.Planned] {
        let ticket = look.ticket
        let notes = look.activity.notes.filter { !known.contains(.init(ticket: ticket.id, note: $0.id)) }
        let events = EventDetection.events(old: old, new: ticket, notes: notes, baseline: connection.baselineAt)
        return try Self.plan(events, for: ticket, members, connection, now: look.instant, in: db)
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
        of id: Ticket.ID, _ connection: PSAConnection, now: Date
    ) -> @Sendable (Connection) throws -> [NewJob] {
        { db in
            guard let old = try mirror.ticket(id, of: connection.id, in: db),
                try mirror.markDeleted(id, of: connection.id, now: now, in: db)
            else { return [] }
            let event = EventDetection.deletion(of: old.ticket)
            let planned = try plan([event], for: old.ticket, [:], connection, now: now, in: db)
            return try DeliveryStore.insert(planned, of: connection.id, connection.organization, in: db)
        }
    }

    private static func plan(
        _ events: [TicketEvent], for ticket: Ticket, _ members: [String: Member], _ connection: PSAConnection,
        now: Date, in db: Connection
    ) throws -> [DeliveryStore.Planned] {
        guard !events.isEmpty else { return [] }
        let context = try PlanContext(
            for: ticket, members, of: connection.id, connection.organization, now: now, in: db)
        return events.map { event in
            DeliveryStore.Planned(event: event, ticket: ticket.id, plan: context.plan(event), instant: now)
        }
    }
}

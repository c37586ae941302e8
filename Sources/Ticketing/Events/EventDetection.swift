import API
import BoundaryText
import Foundation

/// What happened to a ticket: the difference between what we stored of it and what we found. Pure.
public enum EventDetection {
    /// The events, in the order of notification.
    /// - Parameters:
    ///   - old: what was stored; nil when the ticket is seen for the first time.
    ///   - new: what was found.
    ///   - notes: what was found on it that is not stored yet, oldest first.
    ///   - baseline: what is older is not announced.
    public static func events(
        old: Ticket?, new: Ticket, notes: [TicketNote], baseline: Date
    ) -> [TicketEvent] {
        // The ticketing system has whole seconds: what happened within the baseline's second counts as after it.
        let baseline = Date(timeIntervalSince1970: baseline.timeIntervalSince1970.rounded(.down))
        guard let old else {
            if let entered = new.enteredAt ?? new.updatedAt, entered >= baseline {
                return [created(new, newest: notes.last)]
            }
            // An old ticket seen for the first time: only what was written after the baseline is news.
            return notes.filter { isNews($0, since: baseline) }.map { added($0, to: new) }
        }
        let written = notes.filter { isNews($0, since: baseline) }.map { added($0, to: new) }
        guard new.updatedAt.map({ $0 >= baseline }) ?? true else { return written }
        return changes(from: old, to: new) + assignments(from: old, to: new) + written
    }

    /// A ticket that is gone.
    public static func deletion(of ticket: Ticket) -> TicketEvent {
        TicketEvent(kind: .deleted, subject: "", details: .init(ticket))
    }

    private static func isNews(_ note: TicketNote, since baseline: Date) -> Bool {
        // A note without a date was missing at the last look, so it counts as new.
        note.createdAt.map { $0 >= baseline } ?? true
    }

    private static func created(_ ticket: Ticket, newest: TicketNote?) -> TicketEvent {
        var details = TicketEvent.Details(ticket)
        details.note = newest.map(TicketEvent.Details.Note.init)
        return TicketEvent(kind: .created, subject: "", details: details)
    }

    private static func added(_ note: TicketNote, to ticket: Ticket) -> TicketEvent {
        var details = TicketEvent.Details(ticket)
        details.note = .init(note)
        return TicketEvent(kind: .noteAdded, subject: note.id, details: details)
    }

    private static func assignments(from old: Ticket, to new: Ticket) -> [TicketEvent] {
        let before = Set(old.assigned.map { $0.lowercased() })
        return new.assigned.filter { !before.contains($0.lowercased()) }.map { member in
            var details = TicketEvent.Details(new)
            details.member = member
            return TicketEvent(
                kind: .assigned, subject: "\(member.lowercased()) \(stamp(new))", details: details)
        }
    }

    private static func changes(from old: Ticket, to new: Ticket) -> [TicketEvent] {
        var events: [TicketEvent] = []
        func compare(_ kind: TicketEvent.Kind, _ before: Ticket.Reference?, _ after: Ticket.Reference?) {
            guard before?.id != after?.id else { return }
            var details = TicketEvent.Details(new)
            details.from = before?.name
            details.to = after?.name
            events.append(
                TicketEvent(
                    kind: kind, subject: "\(before?.id ?? "-")→\(after?.id ?? "-") \(stamp(new))", details: details))
        }
        compare(.moved, old.board, new.board)
        switch (old.isClosed, new.isClosed) {
        case (true, false): compare(.reopened, old.status, new.status)
        case (false, true): compare(.closed, old.status, new.status)
        case (true, true), (false, false): compare(.statusChanged, old.status, new.status)
        }
        compare(.priorityChanged, old.priority, new.priority)
        compare(.companyChanged, old.company, new.company)
        return events
    }

    private static func stamp(_ ticket: Ticket) -> String {
        ticket.updatedAt.map { String(Int(saturating: $0.timeIntervalSince1970)) } ?? "-"
    }
}

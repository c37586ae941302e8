import BoundaryText
import Foundation

/// What one look at a ticket found.
public struct TicketLook: Sendable {
    /// As it is.
    public let ticket: Ticket
    /// What was written on it since the look before.
    public let activity: TicketActivity
    /// When it was looked at.
    public let instant: Date

    /// Describes a look.
    public init(ticket: Ticket, activity: TicketActivity, instant: Date) {
        self.ticket = ticket
        self.activity = activity
        self.instant = instant
    }

    /// Which note of which ticket.
    public struct NoteKey: Hashable, Sendable {
        let ticket: Ticket.ID
        let note: String

        /// Names a note.
        public init(ticket: Ticket.ID, note: String) {
            self.ticket = ticket
            self.note = note
        }
    }
}

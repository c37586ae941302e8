import Accounts
import BoundaryText
import Database
import Foundation
import Jobs

/// A change of a ticket that was stored just now and was not known before.
public struct TicketNews: Sendable {
    /// The stored event's key.
    public let id: TicketEvent.ID
    /// What changed.
    public let event: TicketEvent
    /// The ticket as it is now.
    public let ticket: Ticket
    /// Those who are assigned, by lower-case identifier; those that do not exist are missing.
    public let members: [String: Member]
    /// Where the ticket is.
    public let connection: PSAConnection
    /// When it was detected.
    public let instant: Date
}

/// Somebody who wants to know of what happens to tickets. A listener is called in the transaction that stores the events,
/// with all that were stored together, and returns the jobs that follow; so nothing is heard of that is not stored, and
/// nothing is stored that is not heard of.
public struct TicketListener: FeaturePart {
    /// Hears of events of one connection, in the order in which they happened.
    public let hear: @Sendable ([TicketNews], Connection) throws -> [NewJob]
    /// Which events `e` it needs still, so that they are not forgotten; nil for none.
    public let keeps: SQL?

    /// Listens.
    public init(keeps: SQL? = nil, _ hear: @escaping @Sendable ([TicketNews], Connection) throws -> [NewJob]) {
        self.keeps = keeps
        self.hear = hear
    }
}

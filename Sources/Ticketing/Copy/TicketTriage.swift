import BoundaryText
import Foundation

/// What a ticket that a list showed needs. Pure.
public enum TicketTriage: Sendable, Equatable {
    /// Nothing: the mirror has it as it is.
    case known
    /// To be stored without a word: it was last changed before the baseline.
    case silent
    /// To be refreshed, like a ticket with a callback.
    case refresh

    /// What the mirror knows of a ticket.
    public struct Seen: Sendable, Equatable {
        /// Its last change, as of the last look.
        public let updatedAt: Date?
        /// When that look was, by our clock.
        public let refreshedAt: Date
        /// Whether it was gone then.
        public let isDeleted: Bool

        /// Describes a look.
        public init(updatedAt: Date?, refreshedAt: Date, isDeleted: Bool) {
            self.updatedAt = updatedAt
            self.refreshedAt = refreshedAt
            self.isDeleted = isDeleted
        }
    }

    // Changes are stamped with whole seconds, by another clock: a look so soon after one may have missed a second change
    // with the same stamp.
    private static let settling: TimeInterval = 60

    /// Decides.
    /// - Parameters:
    ///   - seen: nil for a ticket that was never seen.
    ///   - baseline: changes before it cause no notifications.
    public init(_ listed: Ticket, seen: Seen?, baseline: Date) {
        // What happened within the baseline's second counts as after it.
        let baseline = Date(timeIntervalSince1970: baseline.timeIntervalSince1970.rounded(.down))
        guard let seen else {
            self = (listed.updatedAt.map { $0 < baseline } ?? false) ? .silent : .refresh
            return
        }
        guard !seen.isDeleted, let updated = listed.updatedAt, updated == seen.updatedAt else {
            self = .refresh
            return
        }
        self = seen.refreshedAt < updated.addingTimeInterval(Self.settling) && updated >= baseline ? .refresh : .known
    }
}

import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// The last 24 hours, and what needs attention.
public enum Overview {
    /// What needs attention, each counted up to ``mostCounted``.
    public struct Counts: Codable, Sendable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case failedDeliveries = "failed_deliveries"
            case pendingDeliveries = "pending_deliveries"
            case unfinishedPosts = "unfinished_posts"
        }

        public var failedDeliveries: Int
        /// Queued or uncertain.
        public var pendingDeliveries: Int
        /// Writes to tickets that failed or wait: the caller's own, and everyone's for administrators.
        public var unfinishedPosts: Int

        public init(failedDeliveries: Int, pendingDeliveries: Int, unfinishedPosts: Int) {
            self.failedDeliveries = failedDeliveries
            self.pendingDeliveries = pendingDeliveries
            self.unfinishedPosts = unfinishedPosts
        }
    }

    // No one reads larger numbers; counting goes no further.
    public static let mostCounted = 1_000

    /// The last 24 hours.
    public struct Answer: Codable, Sendable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case hours
            case failedDeliveries = "failed_deliveries"
            case pendingDeliveries = "pending_deliveries"
            case unfinishedPosts = "unfinished_posts"
            case recentEvents = "recent_events"
        }

        public var failedDeliveries: Int
        /// Queued or uncertain.
        public var pendingDeliveries: Int
        /// Writes to tickets that failed or wait: the caller's own, and everyone's for administrators.
        public var unfinishedPosts: Int
        public var hours: [Hour]
        public var recentEvents: [Recent]

        public init(_ counts: Counts, hours: [Hour], recentEvents: [Recent]) {
            failedDeliveries = counts.failedDeliveries
            pendingDeliveries = counts.pendingDeliveries
            unfinishedPosts = counts.unfinishedPosts
            self.hours = hours
            self.recentEvents = recentEvents
        }
    }

    /// An hour, by the clock of the world.
    public struct Hour: Codable, Sendable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case events, sent, failed
            case startsAt = "starts_at"
        }

        public var startsAt: Date
        public var events: Int
        public var sent: Int
        public var failed: Int

        public init(startsAt: Date, events: Int, sent: Int, failed: Int) {
            self.startsAt = startsAt
            self.events = events
            self.sent = sent
            self.failed = failed
        }
    }

    /// An event, with the number of deliveries about it.
    public struct Recent: Codable, Sendable, Identifiable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, kind, summary, notified
            case ticket = "ticket_id"
            case createdAt = "created_at"
        }

        public var id: Events.ID
        public var ticket: Tickets.ID
        public var kind: Open<Events.Kind>
        public var summary: String
        public var notified: Int
        public var createdAt: Date

        public init(
            id: Events.ID, ticket: Tickets.ID, kind: Events.Kind, summary: String, notified: Int, createdAt: Date
        ) {
            self.id = id
            self.ticket = ticket
            self.kind = .known(kind)
            self.summary = summary
            self.notified = notified
            self.createdAt = createdAt
        }
    }

    public static let show = Operation(
        "showOverview", .get, "/overview", .viewer, .overview, "Show the last 24 hours", gives: Answer.self)
    public static let counts = Operation(
        "showCounts", .get, "/overview/counts", .viewer, .overview, "Count what needs attention", gives: Counts.self)
}

import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Events: what happened to tickets, and who was notified.
public enum Events {
    /// The type of an event's key.
    public typealias ID = RowID<Events>

    /// What kind of change an event is.
    public enum Kind: String, Sendable, CaseIterable, Codable {
        case created
        case noteAdded = "note_added"
        case assigned
        case statusChanged = "status_changed"
        case reopened
        case closed
        case priorityChanged = "priority_changed"
        case moved
        case companyChanged = "company_changed"
        case deleted
    }

    /// An event of a ticket.
    public struct Answer: Codable, Sendable, Identifiable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, kind, summary, from, to, member, note, reason, deliveries
            case connection = "connection_id"
            case changedBy = "changed_by"
            case isInternal = "internal"
            case createdAt = "created_at"
        }

        public var id: ID
        /// The PSA connection that has the ticket.
        public var connection: PSA.Connections.ID
        public var kind: Open<Kind>
        /// What the ticket was about at that time.
        public var summary: String
        /// The author of a note, or the member who changed the ticket.
        public var changedBy: String?
        public var from: String?
        public var to: String?
        /// Who was assigned, by login name.
        public var member: String?
        public var note: String?
        /// Only notes have it: whether the customer cannot see it.
        public var isInternal: Bool?
        /// Why no one was notified, if no one was.
        public var reason: String?
        public var createdAt: Date
        public var deliveries: [Deliveries.Answer]

        public init(
            id: ID, connection: PSA.Connections.ID, kind: Kind, summary: String, changedBy: String?, from: String?,
            to: String?,
            member: String?, note: String?, isInternal: Bool?, reason: String?, createdAt: Date,
            deliveries: [Deliveries.Answer]
        ) {
            self.id = id
            self.connection = connection
            self.kind = .known(kind)
            self.summary = summary
            self.changedBy = changedBy
            self.from = from
            self.to = to
            self.member = member
            self.note = note
            self.isInternal = isInternal
            self.reason = reason
            self.createdAt = createdAt
            self.deliveries = deliveries
        }
    }

    /// What the events of a ticket can be narrowed with.
    public enum Filter: String, QueryName {
        case connection = "connection_id"
        case newestFirst = "newest_first"

        public var parameter: Parameter {
            switch self {
            case .connection: Parameter(.integer, "where several PSA connections have a ticket of this number")
            case .newestFirst: Parameter(.flag, "true for the newest first")
            }
        }
    }

    /// Which recipient an explanation is about.
    public enum About: String, QueryName {
        case recipient = "recipient_id"

        public var parameter: Parameter {
            switch self {
            case .recipient: Parameter(.integer, "why this recipient was or wasn't notified; required")
            }
        }
    }

    /// One event of a ticket.
    public struct Place: PathPlace {
        public static let count = 2
        public let ticket: Tickets.ID
        public let event: ID

        public init(_ ticket: Tickets.ID, _ event: ID) {
            self.ticket = ticket
            self.event = event
        }

        public init?(segments: [String]) {
            guard segments.count == 2, let ticket = Tickets.ID(segments: [segments[0]]), let event = ID(segments[1])
            else { return nil }
            self.init(ticket, event)
        }

        public var segments: [String] { ticket.segments + event.segments }
    }

    public static let list = Operation(
        "listTicketEvents", .get, "/tickets/{id}/events", .viewer, .events, "List a ticket's events",
        at: Tickets.ID.self, query: Filter.self, gives: Page<Answer>.self)
    public static let explain = Operation(
        "explainEvent", .get, "/tickets/{id}/events/{event}/explanation", .viewer, .events,
        "Explain why a recipient was or wasn't notified", at: Place.self, query: About.self,
        gives: Explanations.Answer.self)
}

/// Explanations: why a recipient was or wasn't notified about an event.
public enum Explanations {
    /// What became of the event for the recipient.
    public enum Outcome: String, Sendable, Codable, CaseIterable {
        /// There is a delivery; its state has the rest.
        case delivery
        /// No rule and no assignment led to the recipient.
        case noDelivery = "no_delivery"
    }

    /// An explanation.
    public struct Answer: Codable, Sendable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case outcome, reason, delivery, rule
            case event = "event_id"
            case eventKind = "event_kind"
            case happenedAt = "happened_at"
            case recipient = "recipient_id"
            case recipientName = "recipient_name"
            case isActive = "recipient_active"
        }

        public var event: Events.ID
        public var eventKind: Open<Events.Kind>
        public var happenedAt: Date
        public var recipient: Recipients.ID
        public var recipientName: String
        public var isActive: Bool
        public var outcome: Open<Outcome>
        /// In a sentence.
        public var reason: String
        public var delivery: Deliveries.Answer?
        /// The rule as it is today.
        public var rule: Rules.Answer?

        public init(
            event: Events.ID, eventKind: Events.Kind, happenedAt: Date, recipient: Recipients.ID,
            recipientName: String, isActive: Bool, outcome: Outcome, reason: String, delivery: Deliveries.Answer?,
            rule: Rules.Answer?
        ) {
            self.event = event
            self.eventKind = .known(eventKind)
            self.happenedAt = happenedAt
            self.recipient = recipient
            self.recipientName = recipientName
            self.isActive = isActive
            self.outcome = .known(outcome)
            self.reason = reason
            self.delivery = delivery
            self.rule = rule
        }
    }
}

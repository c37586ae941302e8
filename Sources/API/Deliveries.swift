import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Deliveries: one message about one event to one recipient each.
public enum Deliveries {
    /// The type of a delivery's key.
    public typealias ID = RowID<Deliveries>

    /// What became of a delivery.
    public enum State: String, Sendable, CaseIterable, Codable {
        /// Waits to be sent, or to be tried again.
        case queued
        /// The chat system has it.
        case sent
        /// Given up; can be retried.
        case failed
        /// It may have been sent: the connection broke before the answer. Patchbay looks for it.
        case uncertain
        /// Not to be sent, with the reason.
        case skipped
        /// Decided and recorded, but not sent, because the rule says so.
        case simulated
    }

    /// A delivery.
    public struct Answer: Codable, Sendable, Identifiable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, state, summary, reason, error, attempts
            case ticket = "ticket_id"
            case event = "event_id"
            case eventKind = "event_kind"
            case recipient = "recipient_id"
            case recipientName = "recipient_name"
            case forwardedFrom = "forwarded_from"
            case trackingID = "tracking_id"
            case messageID = "message_id"
            case createdAt = "created_at"
            case sentAt = "sent_at"
        }

        public var id: ID
        public var ticket: Tickets.ID
        public var event: Events.ID
        public var eventKind: Open<Events.Kind>
        /// What the ticket was about at that time.
        public var summary: String
        public var recipient: Recipients.ID
        public var recipientName: String
        public var state: Open<State>
        /// Why this recipient is notified, or is not.
        public var reason: String
        /// The names of the recipients who forwarded it, the first one first.
        public var forwardedFrom: [String]
        /// What went wrong last.
        public var error: String?
        /// The chat system's name for the failed call; its support asks for it.
        public var trackingID: String?
        public var attempts: Int
        /// The chat system's id of the message.
        public var messageID: String?
        public var createdAt: Date
        public var sentAt: Date?

        public init(
            id: ID, ticket: Tickets.ID, event: Events.ID, eventKind: Events.Kind, summary: String,
            recipient: Recipients.ID, recipientName: String, state: State, reason: String, forwardedFrom: [String],
            error: String?, trackingID: String?, attempts: Int, messageID: String?, createdAt: Date, sentAt: Date?
        ) {
            self.id = id
            self.ticket = ticket
            self.event = event
            self.eventKind = .known(eventKind)
            self.summary = summary
            self.recipient = recipient
            self.recipientName = recipientName
            self.state = .known(state)
            self.reason = reason
            self.forwardedFrom = forwardedFrom
            self.error = error
            self.trackingID = trackingID
            self.attempts = attempts
            self.messageID = messageID
            self.createdAt = createdAt
            self.sentAt = sentAt
        }
    }

    /// A delivery's message.
    public struct Message: Codable, Sendable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case markdown
        }

        public var markdown: String

        public init(markdown: String) { self.markdown = markdown }
    }

    /// Which failed deliveries to retry: all, or those of a ticket, recipient or time.
    public struct Retry: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case state, since, until
            case ticket = "ticket_id"
            case recipient = "recipient_id"
        }

        /// `failed`, so that an empty body retries nothing.
        public let state: String
        public let ticket: Tickets.ID?
        public let recipient: Recipients.ID?
        public let since: Date?
        public let until: Date?
    }

    /// How many deliveries are retried.
    public struct Count: Codable, Sendable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case count
        }

        public var count: Int

        public init(count: Int) { self.count = count }
    }

    /// What a list can be narrowed with.
    public enum Filter: String, QueryName {
        case ticket = "ticket_id"
        case recipient = "recipient_id"
        case state, since, until

        public var parameter: Parameter {
            switch self {
            case .ticket: Parameter(.text, "deliveries about this ticket")
            case .recipient: Parameter(.integer, "deliveries to this recipient")
            case .state: Parameter(.oneOf(State.allCases.map(\.rawValue)), "deliveries in this state")
            case .since: Parameter(.instant, "not before this instant")
            case .until: Parameter(.instant, "not after this instant")
            }
        }
    }

    public static let list = Operation(
        "listDeliveries", .get, "/deliveries", .viewer, .deliveries, "List deliveries", query: Filter.self,
        gives: Page<Answer>.self)
    public static let show = Operation(
        "showDelivery", .get, "/deliveries/{id}", .viewer, .deliveries, "Show a delivery", at: ID.self,
        gives: Answer.self)
    public static let message = Operation(
        "showDeliveryMessage", .get, "/deliveries/{id}/message", .viewer, .deliveries, "Show a delivery's message",
        at: ID.self, gives: Message.self)
    public static let explain = Operation(
        "explainDelivery", .get, "/deliveries/{id}/explanation", .viewer, .deliveries, "Explain a delivery",
        at: ID.self, gives: Explanations.Answer.self)
    public static let retry = Operation(
        "retryDelivery", .post, "/deliveries/{id}/retry", .dispatcher, .deliveries, "Retry a failed delivery",
        at: ID.self, gives: Answer.self, success: .accepted)
    public static let retryAll = Operation(
        "retryDeliveries", .post, "/deliveries/retry", .dispatcher, .deliveries, "Retry failed deliveries",
        takes: Retry.self, gives: Count.self, success: .accepted)
}

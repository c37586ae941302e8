import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Previews: who would be notified about a ticket, and why, without anything being sent.
public enum Previews {
    /// What would happen for a recipient.
    public enum Outcome: String, Sendable, CaseIterable, Codable {
        case notify
        /// Decided and recorded, but nothing is sent.
        case simulate
        /// Not notified, with the reason.
        case skip
    }

    /// What is supposed to happen.
    public struct Question: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case event, author, member
            case ticket = "ticket_id"
            case connection = "connection_id"
            case isInternal = "internal"
        }

        public let ticket: Tickets.ID
        /// Where several PSA connections have a ticket of this number.
        public let connection: PSA.Connections.ID?
        public let event: String
        /// The login name of the member who writes the note.
        public let author: String?
        /// Whether the note is internal.
        public let isInternal: Bool?
        /// The login name of the member who is assigned.
        public let member: String?
    }

    /// Who would be notified.
    public struct Answer: Codable, Sendable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case event, items, reason
            case ticket = "ticket_id"
        }

        public var ticket: Tickets.ID
        public var event: Open<Events.Kind>
        public var items: [Item]
        /// Why no one would be notified, if no one would.
        public var reason: String?

        public init(ticket: Tickets.ID, event: Events.Kind, items: [Item], reason: String?) {
            self.ticket = ticket
            self.event = .known(event)
            self.items = items
            self.reason = reason
        }
    }

    /// One recipient of a preview.
    public struct Item: Codable, Sendable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case outcome, reason
            case recipient = "recipient_id"
            case recipientName = "recipient_name"
            case recipientKind = "recipient_kind"
            case rule = "rule_id"
            case forwardedFrom = "forwarded_from"
        }

        /// Nil for an assigned person who is no recipient yet.
        public var recipient: Recipients.ID?
        public var recipientName: String
        public var recipientKind: Open<Recipients.Kind>
        public var outcome: Open<Outcome>
        public var reason: String
        /// Nil for assigned people.
        public var rule: Rules.ID?
        /// The names of the recipients who forwarded it, the first one first.
        public var forwardedFrom: [String]

        public init(
            recipient: Recipients.ID?, recipientName: String, recipientKind: Recipients.Kind, outcome: Outcome,
            reason: String, rule: Rules.ID?, forwardedFrom: [String]
        ) {
            self.recipient = recipient
            self.recipientName = recipientName
            self.recipientKind = .known(recipientKind)
            self.outcome = .known(outcome)
            self.reason = reason
            self.rule = rule
            self.forwardedFrom = forwardedFrom
        }
    }

    public static let create = Operation(
        "previewNotifications", .post, "/preview", .viewer, .preview, "Preview who gets notified",
        takes: Question.self, gives: Answer.self)
}

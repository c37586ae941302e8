import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Notices: messages to a recipient that are about no ticket, which are test messages and alerts.
public enum Notices {
    /// The type of a notice's key.
    public typealias ID = RowID<Notices>

    /// What a notice is about.
    public enum Kind: String, Sendable, CaseIterable, Codable {
        /// Shows whether messages arrive.
        case test
        /// The PSA has stopped calling Patchbay.
        case silence
        /// The PSA calls Patchbay again.
        case recovered
        /// A chat connection was disabled because it accepts nothing any more.
        case disabled
        /// Another alert.
        case alert
    }

    /// A notice.
    public struct Answer: Codable, Sendable, Identifiable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, kind, text, state, error
            case recipient = "recipient_id"
            case recipientName = "recipient_name"
            case trackingID = "tracking_id"
            case messageID = "message_id"
            case createdAt = "created_at"
            case sentAt = "sent_at"
        }

        public var id: ID
        public var kind: Open<Kind>
        public var recipient: Recipients.ID
        public var recipientName: String
        /// As Markdown.
        public var text: String
        public var state: Open<Deliveries.State>
        /// What went wrong last.
        public var error: String?
        /// The chat system's name for the failed call; its support asks for it.
        public var trackingID: String?
        /// The chat system's id of the message.
        public var messageID: String?
        public var createdAt: Date
        public var sentAt: Date?

        public init(
            id: ID, kind: Kind, recipient: Recipients.ID, recipientName: String, text: String,
            state: Deliveries.State, error: String?, trackingID: String?, messageID: String?, createdAt: Date,
            sentAt: Date?
        ) {
            self.id = id
            self.kind = .known(kind)
            self.recipient = recipient
            self.recipientName = recipientName
            self.text = text
            self.state = .known(state)
            self.error = error
            self.trackingID = trackingID
            self.messageID = messageID
            self.createdAt = createdAt
            self.sentAt = sentAt
        }
    }

    /// What sending a test message takes.
    public struct Test: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case recipient = "recipient_id"
        }

        public let recipient: Recipients.ID
    }

    public static let test = Operation(
        "sendTestMessage", .post, "/test-messages", .dispatcher, .notices, "Send a test message", takes: Test.self,
        gives: Answer.self, success: .accepted)
    public static let list = Operation(
        "listNotices", .get, "/notices", .viewer, .notices, "List alerts and test messages", gives: Page<Answer>.self)
    public static let show = Operation(
        "showNotice", .get, "/notices/{id}", .viewer, .notices, "Show an alert or test message", at: ID.self,
        gives: Answer.self)
}

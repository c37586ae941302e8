import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

extension ChatConnections {
    /// The systems that messages can go to.
    public enum Provider: String, Sendable, CaseIterable, Codable {
        /// Webex, as a bot.
        case webex
        /// Any program that takes signed webhooks (Standard Webhooks).
        case webhook
    }

    /// Whether a connection works.
    public enum State: String, Sendable, CaseIterable, Codable {
        /// Not used yet.
        case untested
        case ok
        /// The chat system rejects Patchbay, so everything for it waits; the connection says why.
        case paused
    }

    /// A chat connection, without its token.
    public struct Answer: Codable, Sendable, Identifiable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, provider, name, url, enabled, state, secret
            case tokenHint = "token_hint"
            case botName = "bot_name"
            case botEmail = "bot_email"
            case stateReason = "state_reason"
            case lastValidatedAt = "last_validated_at"
            case createdAt = "created_at"
        }

        public var id: ID
        public var provider: Open<Provider>
        public var name: String
        /// A webhook's is a secret of many receivers, so only administrators see more of it than the host.
        public var url: String
        public var enabled: Bool
        public var state: Open<State>
        /// The end of the token.
        public var tokenHint: String
        public var botName: String?
        public var botEmail: String?
        /// Why it is paused.
        public var stateReason: String?
        /// When a test last succeeded.
        public var lastValidatedAt: Date?
        public var createdAt: Date
        /// The secret that signs, in the answer that creates it and never again.
        public var secret: SecretText?

        public init(
            id: ID, provider: Provider, name: String, url: String, enabled: Bool, state: Open<State>,
            tokenHint: String, botName: String?, botEmail: String?, stateReason: String?, lastValidatedAt: Date?,
            createdAt: Date, secret: SecretText?
        ) {
            self.id = id
            self.provider = .known(provider)
            self.name = name
            self.url = url
            self.enabled = enabled
            self.state = state
            self.tokenHint = tokenHint
            self.botName = botName
            self.botEmail = botEmail
            self.stateReason = stateReason
            self.lastValidatedAt = lastValidatedAt
            self.createdAt = createdAt
            self.secret = secret
        }
    }

    // Addresses as long as browsers take them, and tokens that hold more than a name.
    private static let lengths = ["name": 100, "url": 2_000, "token": 2_000]

    /// What creating one takes. Webex needs a token; a webhook needs a URL, and gets a secret when it has no token.
    public struct New: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case provider, name, url, token
        }

        public static let lengths = ChatConnections.lengths

        /// Webex when left out.
        public let provider: String?
        public let name: String
        public let url: String?
        public let token: String?
    }

    /// What changing one takes; what is missing stays.
    public struct Change: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case name, url, token, enabled
        }

        public static let lengths = ChatConnections.lengths

        public let name: String?
        public let url: String?
        public let token: String?
        public let enabled: Bool?
    }

    private static let path = "/integrations/chat/connections"

    public static let list = Operation(
        "listChatConnections", .get, path, .viewer, .connections, "List chat connections", gives: Page<Answer>.self)
    public static let create = Operation(
        "createChatConnection", .post, path, .admin, .connections, "Create a chat connection", takes: New.self,
        gives: Answer.self, success: .created)
    public static let show = Operation(
        "showChatConnection", .get, path + "/{id}", .viewer, .connections, "Show a chat connection", at: ID.self,
        gives: Answer.self)
    public static let update = Operation(
        "updateChatConnection", .patch, path + "/{id}", .admin, .connections, "Update a chat connection", at: ID.self,
        takes: Change.self, gives: Answer.self)
    public static let delete = Operation(
        "deleteChatConnection", .delete, path + "/{id}", .admin, .connections, "Delete a chat connection", at: ID.self)
    public static let rotateSecret = Operation(
        "rotateWebhookSecret", .post, path + "/{id}/rotate-secret", .admin, .connections, "Rotate a webhook's secret",
        at: ID.self, gives: Answer.self)
    public static let test = Operation(
        "testChatConnection", .post, path + "/{id}/test", .admin, .connections, "Test a chat connection", at: ID.self,
        gives: Answer.self)
}

import API
import Accounts
import BoundaryText
import Connections
import Database
import Foundation
import Ticketing

extension ConnectionFamily {
    /// To chat systems.
    package static let chat = ConnectionFamily("chat", table: "chat_connections", column: "chat_connection_id")
}

/// A stored bot of one chat system, without its token.
public struct ChatConnection: Sendable, Equatable, RowDecodable {
    /// The type of a connection's key.
    public typealias ID = API.ChatConnections.ID

    /// The key.
    public let id: ID
    /// Whose it is.
    public let organization: Organization.ID
    /// Which chat system.
    public let provider: Provider
    /// As people call it.
    public let name: String
    /// Where the chat system is called.
    public let url: String
    /// Six bullets and the last four characters of the token.
    public let tokenHint: String
    /// Who the bot is; nil until the first test.
    public let botName: String?
    /// The bot's address.
    public let botEmail: String?
    /// Whether it is used at all.
    public let isActive: Bool
    /// Its state at the chat system.
    public let state: ConnectionState
    /// Why it is paused.
    public let stateReason: String?
    /// When a test last succeeded.
    public let lastValidatedAt: Date?
    /// When it was made.
    public let createdAt: Date

    /// Reads a row of `chat_connections`.
    public init(row: Row) throws {
        id = try row["id"]
        organization = try row["organization_id"]
        provider = try row["provider"]
        name = try row["name"]
        url = try row["url"]
        tokenHint = try row["token_hint"]
        botName = try row["bot_name"]
        botEmail = try row["bot_email"]
        isActive = try row["active"]
        state = try row["state"]
        stateReason = try row["state_reason"]
        lastValidatedAt = try row["last_validated_at"]
        createdAt = try row["created_at"]
    }

    /// See ``API/ChatConnections``.
    public typealias Provider = API.ChatConnections.Provider

    /// The group of all job lanes that call a connection.
    public static func laneGroup(_ id: ID) -> String { ConnectionFamily.chat(id).laneGroup }
}

/// Where a chat system is and with what it is called: all that a messenger is made of.
public struct ChatTarget: Sendable {
    /// The connection; nil while it is tested before it is saved.
    public let connection: ChatConnection.ID?
    /// Which chat system.
    public let provider: ChatConnection.Provider
    /// Where it is called.
    public let url: String
    /// The bot's token, or the secret that signs.
    public let token: String
    /// The secret before, and until when it signs as well.
    public let previous: (token: String, until: Date)?
}

/// A chat connection to be created or changed.
public struct ChatConnectionDraft: Sendable, Equatable {
    /// Which chat system.
    public var provider: ChatConnection.Provider
    /// As people call it.
    public var name: String
    /// Where it is called.
    public var url: String
    /// The bot's token; nil leaves what is stored.
    public var token: String?
    /// Whether it is to be used.
    public var isActive: Bool

    /// Describes a connection.
    public init(
        provider: ChatConnection.Provider = .webex, name: String, url: String, token: String?, isActive: Bool = true
    ) {
        self.provider = provider
        self.name = name
        self.url = url
        self.token = token
        self.isActive = isActive
    }
}

extension API.ChatConnections.Provider: SQLConvertible, SQLDecodable {}

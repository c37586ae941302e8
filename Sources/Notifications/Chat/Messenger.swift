import API
import BoundaryText
import Foundation
import Jobs
import Ticketing

/// What Patchbay needs of a chat system. Webex is the first.
public protocol Messenger: Sendable {
    /// The longest message, in UTF-8 bytes.
    var longestMessage: Int { get }
    /// Asks for something that needs the credentials: who the bot is.
    func identity() async throws(MessengerError) -> BotIdentity
    /// How failures are spread over time.
    var retries: RetrySchedule { get }
    /// After how long without any success the connection is switched off; nil for never.
    var disabledAfter: Duration? { get }
    /// Sends a message and returns its id there.
    func send(
        _ message: ChatMessage, to address: ChatAddress, under parent: String?
    ) async throws(MessengerError) -> String
    /// The ids of all messages with this text that were sent to a person since an instant, oldest first. Rooms cannot be
    /// asked.
    func find(_ markdown: String, sentTo person: String, since: Date) async throws(MessengerError) -> [String]
    /// All rooms that the bot is in.
    func rooms() async throws(MessengerError) -> [ChatRoom]
    /// The accounts of people with this e-mail address; nil where people cannot be looked up.
    func accounts(email: String) async throws(MessengerError) -> [ChatAccount]?
}

/// A person as the chat system knows the person.
public struct ChatAccount: Sendable, Equatable {
    /// The id there.
    public let id: String
    /// As people see it.
    public let name: String
    /// The addresses, the main one first.
    public let emails: [String]

    /// Describes an account.
    public init(id: String, name: String, emails: [String]) {
        self.id = id
        self.name = name
        self.emails = emails
    }
}

extension Messenger {
    /// See ``RetrySchedule/chat``.
    public var retries: RetrySchedule { .chat }
    /// Never.
    public var disabledAfter: Duration? { nil }
}

/// A message, for people and for programs.
public struct ChatMessage: Sendable, Equatable {
    /// The same each time that it is sent, so that who knows it can drop a repetition.
    public let id: String
    /// For people.
    public let markdown: String
    /// For programs.
    public let content: Content

    /// What a program receives.
    public enum Content: Sendable, Equatable {
        /// An event of a ticket, with the ticket's address and the chain of forwards.
        case event(TicketEvent, ticket: Ticket.ID, link: String, forwardedFrom: [String])
        /// A test or an alarm.
        case notice(Notice.Kind)
    }

    /// Describes a message.
    public init(id: String, markdown: String, content: Content) {
        self.id = id
        self.markdown = markdown
        self.content = content
    }
}

/// Where a message goes.
public enum ChatAddress: Sendable, Equatable {
    /// By the room's id.
    case room(String)
    /// By the person's e-mail.
    case person(String)
}

/// Who a bot is.
public struct BotIdentity: Sendable, Equatable {
    /// As people see it.
    public let name: String
    /// Its address; nil when the system has none.
    public let email: String?

    /// Describes a bot.
    public init(name: String, email: String?) {
        self.name = name
        self.email = email
    }
}

/// A room that the bot is in.
public struct ChatRoom: Sendable, Equatable {
    /// The id there.
    public let id: String
    /// As people see it.
    public let title: String

    /// Describes a room.
    public init(id: String, title: String) {
        self.id = id
        self.title = title
    }
}

/// Why a chat system did not do what it was asked.
public enum MessengerError: Error, Sendable, Equatable {
    /// It does not know the credentials.
    case authentication(String)
    /// It refuses this message to this recipient; trying again changes nothing. `isGone`: the recipient does not exist.
    case refused(String, trackingID: String?, isGone: Bool)
    /// Too many calls, or our own limits: how long to wait.
    case wait(String, Duration)
    /// It failed, or could not be reached; whether the message may have been sent.
    case failed(String, trackingID: String?, maybeSent: Bool)
    /// Its host may not be called.
    case notAllowed(String)
    /// It wants no more messages, ever: the connection is to be switched off.
    case gone(String)
}

extension MessengerError: CustomStringConvertible {
    /// What a person can do about it.
    public var description: String {
        switch self {
        case .authentication(let why), .refused(let why, _, _), .wait(let why, _), .failed(let why, _, _),
            .notAllowed(let why), .gone(let why):
            why
        }
    }

    /// What the chat system calls the failed call; its support asks for it.
    var trackingID: String? {
        switch self {
        case .refused(_, let id, _), .failed(_, let id, _): id
        case .authentication, .wait, .notAllowed, .gone: nil
        }
    }
}

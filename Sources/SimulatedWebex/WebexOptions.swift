import Foundation
import SimulatedWorld
import SimulatorStage

/// How the played Webex behaves.
public struct WebexOptions: Sendable {
    /// Where it listens.
    public var listening = Listening()
    /// The bot's token.
    public var token = "simulated-bot-token"
    /// The bot's name.
    public var botName = "Patchbay"
    /// Rooms and people at the start are those of this world.
    public var world = World()
    /// Rooms made besides the world's, for paging and load.
    public var extraRooms = 0
    /// Calls a minute before 429; nil: no limit, since Webex publishes none.
    public var callsPerMinute: Int?
    /// What every call takes at least.
    public var latency: Duration = .zero
    /// How many calls are remembered.
    public var callLogCapacity = 10_000
    /// How many messages are remembered; older ones are forgotten.
    public var messageCapacity = 200_000
    /// Told each message when it is accepted, on the thread of the call; must be quick. For load generators.
    public var onMessage: (@Sendable (SentMessage) -> Void)?
    /// What time it is.
    public var now: @Sendable () -> Date = { Date() }

    /// A Webex on a free port of 127.0.0.1.
    public init() {}
}

/// A message that Webex accepted.
public struct SentMessage: Sendable, Equatable {
    /// Webex id.
    public let id: String
    /// Counts up from 1 in the order of acceptance.
    public let number: Int
    /// The room it is in, also for direct messages.
    public let roomID: String
    /// Title of the room; for a direct message the person's name.
    public let roomTitle: String
    /// The person's e-mail if it is a direct message.
    public let toPersonEmail: String?
    /// The message it answers.
    public let parentID: String?
    /// Plain text, if given.
    public var text: String?
    /// Markdown, if given.
    public var markdown: String?
    /// E-mail of the sender.
    public let fromEmail: String
    /// When it was accepted.
    public let accepted: Date
    /// When it was edited last.
    public var edited: Date?
    /// How often it was edited; Webex allows 10.
    public var edits = 0
}

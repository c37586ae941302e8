import Foundation
import Logging
import ServiceLifecycle
import SimulatedWorld
import SimulatorStage

/// Webex messaging, played over HTTP for a bot: messages, direct messages, rooms, people, memberships.
///
/// Run it as a `Service`; ``url(within:)`` tells where it listens, and `/v1` is the API's base below it. Tests await "the
/// message sent to X" without sleeping, script faults and count calls at the ``control``.
public final class WebexSimulator: Service {
    /// Faults, latency, rate limit and the log of calls.
    public let control: StageControl
    let options: WebexOptions
    let board: Watched<Switchboard>
    let logger: Logger
    private let address = Watched<String?>(nil)

    /// A simulator with the rooms and people of `options.world`.
    public init(options: WebexOptions = WebexOptions(), logger: Logger = Logger(label: "simulator.webex")) {
        self.options = options
        self.logger = logger
        control = StageControl(
            callsPerMinute: options.callsPerMinute, latency: options.latency, callLogCapacity: options.callLogCapacity)
        let founded = options.now().addingTimeInterval(-365 * 86_400)
        var board = Switchboard(botName: options.botName, capacity: options.messageCapacity, at: founded)
        for person in World.staff { _ = board.add(person: person.name, email: person.email, at: founded) }
        let everybody = World.staff.map(\.email)
        for title in World.rooms { _ = board.add(room: title, members: everybody, at: founded) }
        if options.extraRooms > 0 {
            for number in 1...options.extraRooms {
                _ = board.add(room: "Room \(number)", members: [everybody[number % everybody.count]], at: founded)
            }
        }
        self.board = Watched(board)
    }

    /// Listens until graceful shutdown or cancellation.
    public func run() async throws {
        try await Stage(
            system: PlayedWebex(simulator: self), control: control, listening: options.listening, address: address,
            logger: logger, now: options.now
        ).run()
    }

    /// Where it listens, such as `http://127.0.0.1:40124`; waits until it does.
    public func url(within limit: Duration = .seconds(30)) async throws -> String {
        try await address.first("the simulator to listen", within: limit) { $0 }
    }
}

extension WebexSimulator {
    /// A room in which the bot is.
    public struct RoomState: Sendable, Equatable {
        /// Webex id.
        public let id: String
        /// Its title.
        public let title: String
    }

    /// The group rooms, in the order of their making.
    public var rooms: [RoomState] {
        board.read { board in
            board.roomOrder.compactMap { board.rooms[$0] }.filter { !$0.isDirect }.map {
                RoomState(id: $0.id, title: $0.title)
            }
        }
    }

    /// Makes a group room with the bot in it; returns its id.
    @discardableResult
    public func createRoom(_ title: String) -> String {
        let now = options.now()
        return board.change { $0.add(room: title, members: [], at: now).id }
    }

    /// Removes a room: sending to it answers 404.
    public func remove(room id: String) { board.change { $0.remove(room: id) } }

    /// Makes a person; a second one with the same e-mail makes `GET /people?email=` answer two.
    @discardableResult
    public func createPerson(_ name: String, email: String) -> String {
        let now = options.now()
        return board.change { $0.add(person: name, email: email, at: now).id }
    }

    /// The messages still remembered, oldest first.
    public var messages: [SentMessage] { board.read { $0.sentMessages() } }

    /// How many messages were ever accepted.
    public var messageCount: Int { board.read { $0.sent } }

    /// Forgets the messages; numbers go on counting.
    public func forgetMessages() { board.change { $0.forgetMessages() } }

    /// Waits until `count` messages that `matching` accepts are there, and returns them, oldest first.
    ///
    /// Throws ``WaitedTooLong`` after `limit`.
    public func messages(
        _ count: Int, within limit: Duration = .seconds(30),
        matching: @escaping @Sendable (SentMessage) -> Bool = { _ in true }
    ) async throws -> [SentMessage] {
        try await board.first("\(count) messages", within: limit) { board in
            let found = board.sentMessages().filter(matching)
            return found.count >= count ? found : nil
        }
    }

    /// Waits for a message to a person (by e-mail) or room (by title or id) whose text contains `text`.
    ///
    /// Throws ``WaitedTooLong`` after `limit`.
    public func message(
        to recipient: String, containing text: String = "", within limit: Duration = .seconds(30)
    ) async throws -> SentMessage {
        let found = try await messages(1, within: limit) { message in
            let there =
                message.toPersonEmail?.lowercased() == recipient.lowercased() || message.roomTitle == recipient
                || message.roomID == recipient
            return there && (text.isEmpty || "\(message.markdown ?? "") \(message.text ?? "")".contains(text))
        }
        guard let first = found.first else { throw WaitedTooLong(what: "a message to \(recipient)", limit: limit) }
        return first
    }
}

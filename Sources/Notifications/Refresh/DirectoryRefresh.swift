import Database
import Foundation
import Jobs
import Ticketing

/// Fetches all boards of a ticketing system into the mirror.
public struct BoardsRefresh: JobHandler {
    /// Which connection.
    public struct Payload: Codable, Sendable {
        let connection: PSAConnection.ID
    }

    /// Stored; never renamed.
    public static let kind = JobKind(rawValue: "refresh_boards")
    /// See ``RetrySchedule/inbound``.
    public let schedule = RetrySchedule.inbound

    private let connections: PSAConnections
    private let now: @Sendable () -> Date

    /// - Parameter now: the wall clock.
    public init(connections: PSAConnections, now: @escaping @Sendable () -> Date = { Date() }) {
        self.connections = connections
        self.now = now
    }

    /// The refresh of a connection's boards.
    public static func job(of connection: PSAConnection.ID, now: Date) throws -> NewJob {
        try job(
            Payload(connection: connection), lane: "boards:\(connection)",
            laneGroup: PSAConnection.laneGroup(connection), coalesces: true, runAt: now)
    }

    /// See ``JobHandler``.
    public func run(_ payload: Payload, of job: ClaimedJob) async -> JobOutcome {
        do {
            guard let live = try await connections.live(payload.connection), live.connection.isActive else {
                return .done()
            }
            let boards = try await live.provider.boards()
            let instant = now()
            return .done { db in
                try Directory.store(boards, of: payload.connection, now: instant, in: db)
                try PSAConnections.record(.ok, reason: nil, of: payload.connection, in: db)
            }
        } catch let error as PSAError {
            return error.outcome(for: payload.connection)
        } catch {
            return .retry("\(error)")
        }
    }
}

/// Fetches all rooms of a bot.
public struct RoomsRefresh: JobHandler {
    /// Which connection.
    public struct Payload: Codable, Sendable {
        let connection: ChatConnection.ID
    }

    /// Stored; never renamed.
    public static let kind = JobKind(rawValue: "refresh_rooms")
    /// See ``RetrySchedule/inbound``.
    public let schedule = RetrySchedule.inbound

    private let connections: ChatConnections
    private let now: @Sendable () -> Date

    /// - Parameter now: the wall clock.
    public init(connections: ChatConnections, now: @escaping @Sendable () -> Date = { Date() }) {
        self.connections = connections
        self.now = now
    }

    /// The refresh of a bot's rooms.
    public static func job(of connection: ChatConnection.ID, now: Date) throws -> NewJob {
        try job(
            Payload(connection: connection), lane: "rooms:\(connection)",
            laneGroup: ChatConnection.laneGroup(connection), coalesces: true, runAt: now)
    }

    /// See ``JobHandler``.
    public func run(_ payload: Payload, of job: ClaimedJob) async -> JobOutcome {
        let id = payload.connection
        do {
            guard let messenger = try await connections.messenger(id) else { return .done() }
            let rooms = try await messenger.rooms()
            let instant = now()
            return .done { db in
                try RecipientStore.store(rooms, of: id, now: instant, in: db)
                try ChatConnections.record(.ok, reason: nil, of: id, in: db)
            }
        } catch let error as MessengerError {
            switch error {
            case .authentication, .notAllowed:
                return .pause(error.description, for: .minutes(5)) { db in
                    try ChatConnections.record(.paused, reason: error.description, of: id, in: db)
                }
            case .wait(let why, let wait): return .pause(why, for: wait)
            case .refused, .failed: return .retry(error.description)
            }
        } catch {
            return .retry("\(error)")
        }
    }
}

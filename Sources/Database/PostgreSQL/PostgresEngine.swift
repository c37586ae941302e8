import BoundaryText
import Foundation
import Logging
import NIOPosix
import Synchronization

/// PostgreSQL through libpq: a pool of connections, each used by one thread at a time.
final class PostgresEngine: DatabaseEngine {
    private struct State {
        var idle: [PostgresConnection] = []
        var waiting = 0
    }

    // As for SQLite: the caller is asked to come back rather than to wait forever.
    private static let longestQueue = 20_000
    private static let longestWait: Duration = .seconds(4)
    private static let mostTries = 6

    private let url: String
    private let threads: NIOThreadPool
    private let state = Mutex(State())
    private let hub: SignalHub
    private let belongings: Belongings
    private let listener: PostgresListener

    init(
        url: String, tenure: Tenure, connections: Int, hub: SignalHub, belongings: Belongings, logger: Logger
    ) async throws {
        self.url = url
        self.hub = hub
        self.belongings = belongings
        threads = NIOThreadPool(numberOfThreads: connections)
        threads.start()
        listener = PostgresListener(url: url, tenure: tenure, hub: hub, logger: logger)
        let ear: PostgresConnection?
        do {
            let first = try await threads.runIfActive { try PostgresConnection(url: url) }
            try Self.check(first)
            state.withLock { $0.idle.append(first) }
            // Before reading anything that an exclusive process may be about to change.
            ear = try await threads.runIfActive { [listener] in try listener.connected() }
        } catch {
            try? await threads.shutdownGracefully()
            throw error
        }
        listener.start(on: ear)
    }

    private static func check(_ connection: PostgresConnection) throws {
        guard connection.serverVersion >= 140_000 else {
            throw DatabaseError.setup(
                "PostgreSQL 14 or newer is needed, the server is \(connection.serverVersion / 10_000)")
        }
        let durability: String? = try connection.all("SHOW synchronous_commit").first?["synchronous_commit"]
        guard durability != "off" else {
            throw DatabaseError.setup(
                "synchronous_commit is off on this PostgreSQL, so what was accepted could be lost; switch it on")
        }
    }

    /// Without BEGIN: each statement sees what was committed before it. Reads that need one snapshot use one statement.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Connection) throws -> Value
    ) async throws -> Value {
        try await run { [belongings] connection in
            try body(Connection(engine: .postgres, runner: connection, belongings: belongings))
        }
    }

    /// Whatever the urgency: its transactions go side by side.
    func write<Value: Sendable>(
        as urgency: Urgency, _ body: @escaping @Sendable (Connection) throws -> Value
    ) async throws -> Value {
        let (value, signals, hints) = try await run { [hub, belongings] connection in
            try Self.transaction(connection, hub, belongings, body)
        }
        hub.raise(signals.union(hints))
        listener.announce(hints)
        return value
    }

    private static func transaction<Value>(
        _ postgres: PostgresConnection, _ hub: SignalHub, _ belongings: Belongings, _ body: (Connection) throws -> Value
    ) throws -> (Value, signals: Set<Signal>, hints: Set<Signal>) {
        let connection = Connection(engine: .postgres, runner: postgres, belongings: belongings)
        var attended: [Attended] = []
        do {
            let value = try begun(postgres) {
                try postgres.begin()
                let value = try body(connection)
                attended = try connection.attend(hub)
                // Never together with COMMIT: after a failure it would be unknown whether it was done.
                if !postgres.hasBegun { try postgres.flush() }
                return value
            }
            for signal in connection.signals {
                try postgres.send(PostgresListener.notification(of: signal).render(for: .postgres))
            }
            try postgres.commit()
            for one in attended { one.ended(true) }
            return (value, connection.signals, connection.hints)
        } catch {
            for one in attended { one.ended(false) }
            postgres.rollBack()
            throw error
        }
    }

    /// What fails because the connection is dead before the server has begun can be done on another one.
    private static func begun<Value>(_ postgres: PostgresConnection, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch DatabaseError.unavailable(let why) where !postgres.hasBegun {
            throw NotBegun(why: why)
        }
    }

    /// The connection turned out to be dead before anything was done, so that another one can be taken.
    private struct NotBegun: Error {
        let why: String
    }

    private func run<Value: Sendable>(
        _ body: @escaping @Sendable (PostgresConnection) throws -> Value
    ) async throws -> Value {
        let admitted = state.withLock { state in
            guard state.waiting < Self.longestQueue else { return false }
            state.waiting += 1
            return true
        }
        guard admitted else { throw DatabaseError.busy("too many statements are waiting") }
        defer { state.withLock { $0.waiting -= 1 } }
        let asked = ContinuousClock.now
        return try await threads.runIfActive {
            guard ContinuousClock.now - asked < Self.longestWait else {
                throw DatabaseError.busy("all connections to PostgreSQL are in use")
            }
            return try self.attempt(body)
        }
    }

    private func attempt<Value>(_ body: (PostgresConnection) throws -> Value) throws -> Value {
        var tries = 1
        while true {
            let connection = try takeConnection()
            do {
                let value = try body(connection)
                giveBack(connection)
                return value
            } catch let error as NotBegun {
                // After a restart of the server every pooled connection is dead.
                state.withLock { $0.idle = [] }
                guard tries < Self.mostTries else { throw DatabaseError.unavailable(error.why) }
            } catch DatabaseError.serialization(let why) {
                giveBack(connection)
                guard tries < Self.mostTries else { throw DatabaseError.serialization(why) }
                // Deadlocked transactions that run again at the same moment deadlock again.
                usleep(.random(in: 500...(5_000 * UInt32(tries))))
            } catch {
                giveBack(connection)
                throw error
            }
            tries += 1
        }
    }

    private func takeConnection() throws -> PostgresConnection {
        if let idle = state.withLock({ $0.idle.popLast() }) { return idle }
        return try PostgresConnection(url: url)
    }

    private func giveBack(_ connection: PostgresConnection) {
        guard connection.isReusable else { return }
        state.withLock { $0.idle.append(connection) }
    }

    func appear(as name: String) { listener.appear(as: name) }

    func close() async {
        await listener.stop()
        try? await threads.shutdownGracefully()
        state.withLock { $0.idle = [] }
    }
}

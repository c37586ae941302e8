import BoundaryText
import Logging

/// What one engine offers; the two conformers are in `SQLite/` and `PostgreSQL/`.
protocol DatabaseEngine: Sendable {
    func read<Value: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Value) async throws -> Value
    func write<Value: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Value) async throws -> Value
    func close() async
}

/// The installation's database: one way to speak SQL to two engines.
///
/// A transaction is a synchronous closure on a database thread, so that none can stay open over a network call. A
/// closure given to ``write(_:)`` may be run again when the engine asks for it (deadlock, lost connection before the
/// transaction began), so it must do nothing but speak to the connection it is given.
public final class Database: Sendable {
    /// Which engine it is.
    public let engine: Engine
    private let implementation: any DatabaseEngine
    private let hub: SignalHub

    private init(engine: Engine, implementation: any DatabaseEngine, hub: SignalHub) {
        self.engine = engine
        self.implementation = implementation
        self.hub = hub
    }

    /// Opens a database; SQLite files are created.
    /// - Parameters:
    ///   - address: where it is.
    ///   - exclusive: whether this process is to be the only server of an SQLite file.
    ///   - connections: how many connections to PostgreSQL at the most, or readers of SQLite.
    /// - Throws: ``DatabaseError/setup(_:)`` or ``DatabaseError/unavailable(_:)``.
    public static func open(
        _ address: DatabaseAddress, exclusive: Bool = false, connections: Int = 10, logger: Logger
    ) async throws -> Database {
        let hub = SignalHub()
        switch address {
        case .sqlite(let path):
            let engine = try SQLiteEngine(path: path, exclusive: exclusive, readers: connections, hub: hub)
            return Database(engine: .sqlite, implementation: engine, hub: hub)
        case .postgres(let url):
            let engine = try await PostgresEngine(url: url, connections: connections, hub: hub, logger: logger)
            return Database(engine: .postgres, implementation: engine, hub: hub)
        }
    }

    /// Runs a closure on a consistent snapshot.
    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (Connection) throws -> Value
    ) async throws -> Value {
        try await implementation.read(body)
    }

    /// Runs a closure in a transaction and returns when it is durable. An error thrown by the closure undoes all it did.
    @discardableResult
    public func write<Value: Sendable>(
        _ body: @escaping @Sendable (Connection) throws -> Value
    ) async throws -> Value {
        try await implementation.write(body)
    }

    /// Yields once for each time (merged while nobody looks) the signal was raised, here or by another server.
    public func signals(_ signal: Signal) -> AsyncStream<Void> {
        hub.stream(signal)
    }

    /// Finishes what runs and closes all connections.
    public func close() async {
        await implementation.close()
        hub.finish()
    }
}

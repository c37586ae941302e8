import BoundaryText
import Logging
import Synchronization

/// What one engine offers; the two conformers are in `SQLite/` and `PostgreSQL/`.
protocol DatabaseEngine: Sendable {
    func read<Value: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Value) async throws -> Value
    func write<Value: Sendable>(
        as urgency: Urgency, _ body: @escaping @Sendable (Connection) throws -> Value
    ) async throws -> Value
    func appear(as name: String)
    func close() async
}

/// Who waits for a transaction. SQLite has one writer, whose time has to be shared.
public enum Urgency: Sendable {
    /// Somebody, such as a person or ConnectWise with a hook.
    case prompt
    /// Nobody: work that lets all others go first, and goes on all the same.
    case background
}

/// The installation's database: one way to speak SQL to two engines.
///
/// A transaction is a synchronous closure on a database thread, so that none can stay open over a network call. A
/// closure given to ``write(as:_:)`` may be run again when the engine asks for it (deadlock, lost connection before the
/// transaction began), so it must do nothing but speak to the connection it is given.
public final class Database: Sendable {
    /// Which engine it is.
    public let engine: Engine
    private let implementation: any DatabaseEngine
    private let hub: SignalHub
    private let belongings: Belongings
    private let waiting = Atomic(0)
    private let pressedAt = Mutex<ContinuousClock.Instant?>(nil)

    private init(engine: Engine, implementation: any DatabaseEngine, hub: SignalHub, _ belongings: Belongings) {
        self.engine = engine
        self.implementation = implementation
        self.hub = hub
        self.belongings = belongings
    }

    /// Opens a database; SQLite files are created.
    /// - Parameters:
    ///   - address: where it is.
    ///   - tenure: who else may use it at the same time.
    ///   - connections: how many connections to PostgreSQL at the most, or readers of SQLite.
    /// - Throws: ``DatabaseError/setup(_:)`` or ``DatabaseError/unavailable(_:)``.
    public static func open(
        _ address: DatabaseAddress, as tenure: Tenure = .guest, connections: Int = 10, logger: Logger
    ) async throws -> Database {
        let (hub, belongings) = (SignalHub(), Belongings())
        switch address {
        case .sqlite(let path):
            let engine = try SQLiteEngine(
                path: path, tenure: tenure, readers: connections, hub: hub, belongings: belongings)
            return Database(engine: .sqlite, implementation: engine, hub: hub, belongings)
        case .postgres(let url):
            let engine = try await PostgresEngine(
                url: url, tenure: tenure, connections: connections, hub: hub, belongings: belongings, logger: logger)
            return Database(engine: .postgres, implementation: engine, hub: hub, belongings)
        }
    }

    /// Lays something beside the database that its transactions need, such as a key: see ``Connection/belonging(_:)``.
    /// It takes the place of what was there of the same type.
    public func keep<Value: Sendable>(_ value: Value) {
        belongings.keep(value)
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
        as urgency: Urgency = .prompt, _ body: @escaping @Sendable (Connection) throws -> Value
    ) async throws -> Value {
        guard case .prompt = urgency else { return try await implementation.write(as: urgency, body) }
        return try await waited { try await implementation.write(as: urgency, body) }
    }

    /// Counts among those who wait while the closure runs.
    func waited<Value>(_ body: () async throws -> Value) async rethrows -> Value {
        let count = waiting.add(1, ordering: .relaxed).newValue
        defer { waiting.subtract(1, ordering: .relaxed) }
        if count >= Self.press { pressedAt.withLock { $0 = .now } }
        return try await body()
    }

    /// Whether so many callers wait for their writes, or did a moment ago, that background work should be small.
    public var isPressed: Bool {
        pressedAt.withLock(\.self).map { .now - $0 < Self.pressLasts } ?? false
    }
    // Fewer wait at any rate of hooks with which jobs keep up.
    private static let press = 16
    // In a burst not all who send are always seen here: some are being read or answered.
    private static let pressLasts: Duration = .milliseconds(50)

    /// Shows all other processes that a process of this name exists, as long as it lives and reaches the
    /// database; see ``Connection/absent(_:)``. On SQLite there is no other process.
    public func appear(as name: String) {
        implementation.appear(as: name)
    }

    /// Yields once each time the signal was raised, here or by another server; unread signals are merged.
    public func signals(_ signal: Signal) -> AsyncStream<Void> {
        hub.stream(signal)
    }

    /// Registers a participant in all transactions of this process that give a hint. There is one for each hint: it replaces
    /// the last one, and nil removes it.
    public func attend(to hint: Signal, with attendance: Attendance?) {
        hub.attend(to: hint, with: attendance)
    }

    /// Finishes what runs and closes all connections.
    public func close() async {
        await implementation.close()
        hub.finish()
    }
}

import BoundaryText

/// What runs one rendered statement on one engine.
protocol StatementRunner: AnyObject {
    func all(_ statement: SQL.Rendered) throws -> [Row]
    func execute(_ statement: SQL.Rendered) throws -> Int
    /// Runs the statement now or together with the next one, in order.
    func send(_ statement: SQL.Rendered) throws
}

extension StatementRunner {
    func send(_ statement: SQL.Rendered) throws {
        _ = try execute(statement)
    }
}

/// A transaction in progress. Lives inside the closure given to ``Database/read(_:)`` or ``Database/write(_:)``, on a
/// database thread, and is not Sendable, so that it cannot leave it.
public final class Connection {
    /// The engine that is spoken to.
    public let engine: Engine
    private let runner: any StatementRunner
    private let belongings: Belongings
    private(set) var signals: Set<Signal> = []
    private(set) var hints: Set<Signal> = []
    private var memory: [String: any Sendable] = [:]

    init(engine: Engine, runner: any StatementRunner, belongings: Belongings = Belongings()) {
        self.engine = engine
        self.runner = runner
        self.belongings = belongings
    }

    /// What was laid beside the database with ``Database/keep(_:)``; nil when nothing of the type was.
    public func belonging<Value: Sendable>(_ type: Value.Type = Value.self) -> Value? {
        belongings.find(type)
    }

    /// What the closure read when it was last asked for under this key in this transaction. For what many jobs that end in
    /// one transaction need alike, and none of them changes.
    public func remembered<Value: Sendable>(_ key: String, _ body: () throws -> Value) rethrows -> Value {
        // In two steps: casting nothing to an optional would succeed.
        if let stored = memory[key], let known = stored as? Value { return known }
        let value = try body()
        memory[key] = value
        return value
    }

    /// Whether a value differs from what was last said under this key in this transaction, or is the first. For what many
    /// jobs that end in one transaction write alike.
    public func isNews(_ value: some Sendable & Equatable, for key: String) -> Bool {
        defer { memory[key] = value }
        return memory[key].map { !value.isEqual(to: $0) } ?? true
    }

    /// A transaction begins.
    func forget() { memory = [:] }

    /// All rows of a query. Callers bound the number by LIMIT.
    public func all(_ sql: SQL) throws -> [Row] {
        try runner.all(sql.render(for: engine))
    }

    /// All rows of a query, as values.
    public func all<Value: RowDecodable>(_ sql: SQL, as type: Value.Type = Value.self) throws -> [Value] {
        try all(sql).map(Value.init(row:))
    }

    /// The first row, or nil.
    public func first(_ sql: SQL) throws -> Row? {
        try all(sql).first
    }

    /// The first row as a value, or nil.
    public func first<Value: RowDecodable>(_ sql: SQL, as type: Value.Type = Value.self) throws -> Value? {
        try all(sql).first.map(Value.init(row:))
    }

    /// Runs a statement and returns the number of rows that it changed.
    @discardableResult
    public func execute(_ sql: SQL) throws -> Int {
        try runner.execute(sql.render(for: engine))
    }

    /// Runs a statement whose count is not needed. PostgreSQL gets it together with the next statement, which saves a round
    /// trip; if it fails, that one throws the error, or at the latest the commit.
    public func send(_ sql: SQL) throws {
        try runner.send(sql.render(for: engine))
    }

    /// Has transactions that lock the same name go one after the other, on whatever server they run, from here to their end.
    ///
    /// To be called before what is decided upon is read. SQLite has one writer anyway.
    public func lock(_ name: String) throws {
        guard engine == .postgres else { return }
        try send("SELECT pg_advisory_xact_lock(hashtextextended(\(name), 11))")
    }

    /// Who of these did not ``Database/appear(as:)``, or is gone. A connection that was only reset is back within some
    /// seconds, so once is not enough to go by.
    public func absent(_ names: [String]) throws -> Set<String> {
        guard engine == .postgres, !names.isEmpty else { return [] }
        return Set(try all(PostgresPresence.absent(names)).map { try $0["name"] })
    }

    /// Wakes those who wait for the signal, in this process and in all others, once the transaction is committed.
    public func signal(_ signal: Signal) {
        signals.insert(signal)
    }

    /// The same for receivers that poll anyway. Other processes get it soon after the commit instead of with it, and it is
    /// lost if this process ends in between: commits that notify others are serialized.
    public func hint(_ signal: Signal) {
        hints.insert(signal)
    }

    /// Withdraws the hint.
    func withdraw(_ hint: Signal) { hints.remove(hint) }
}

extension Equatable {
    fileprivate func isEqual(to other: Any) -> Bool { other as? Self == self }
}

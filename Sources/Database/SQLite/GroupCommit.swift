import BoundaryText
import Dispatch
import GRDB
import NIOCore
import Synchronization

/// Commits many small writes with one fsync.
///
/// While one group is being written to disk the next one gathers, so the group grows with the load and a lone write
/// does not wait. Each write runs in its own savepoint: one that fails undoes only itself.
///
/// Writes with a waiting caller go first. Background writes fill up the group, for a short time only: so callbacks are
/// acknowledged soon even during a backlog, and the backlog shrinks.
final class GroupCommit: Sendable {
    /// One write: runs the closure and says what to tell its caller once the group is durable.
    private typealias Entry = @Sendable (Connection) -> Finish
    /// Called with nil when the group was committed, or with the reason why it was not.
    private typealias Finish = @Sendable (_ failure: DatabaseError?) -> Void

    private struct State {
        var prompt: [Waiting] = []
        var background = CircularBuffer<Waiting>()
        var draining = false
        var closed = false
    }

    private struct Waiting {
        let urgency: Urgency
        let run: Entry
        let refuse: Finish
    }

    // Long enough that fsync no longer dominates, short enough that waiting for others is not noticeable.
    private static let largestGroup = 256
    // How long background writes may fill up a group: new callers wait for its end.
    private static let longestFill: Duration = .milliseconds(3)
    // A writer that is stuck must not fill the memory: beyond this the caller is asked to come back later.
    private static let longestQueue = 20_000

    private let pool: DatabasePool
    private let hub: SignalHub
    private let belongings: Belongings
    private let queue = DispatchQueue(label: "patchbay.sqlite.writer", qos: .userInitiated)
    private let state = Mutex(State())

    init(pool: DatabasePool, hub: SignalHub, belongings: Belongings) {
        self.pool = pool
        self.hub = hub
        self.belongings = belongings
    }

    func write<Value: Sendable>(
        as urgency: Urgency, _ body: @escaping @Sendable (Connection) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
            let refuse: Finish = { continuation.resume(throwing: $0 ?? .closed) }
            let run: Entry = { connection in
                let result: Result<Value, any Error>
                do {
                    result = .success(try Self.run(body, on: connection))
                } catch {
                    result = .failure(error)
                }
                return { failure in
                    // A closure's own error goes to its caller even when the group failed as well.
                    if case .success = result, let failure {
                        continuation.resume(throwing: failure)
                    } else {
                        continuation.resume(with: result)
                    }
                }
            }
            submit(Waiting(urgency: urgency, run: run, refuse: refuse))
        }
    }

    private static func run<Value>(
        _ body: (Connection) throws -> Value, on connection: Connection
    ) throws -> Value {
        connection.forget()
        return try connection.nested { try body(connection) }.get()
    }

    private func submit(_ entry: Waiting) {
        enum Verdict { case queued, start, closed, crowded }
        let verdict = state.withLock { state -> Verdict in
            guard !state.closed else { return .closed }
            guard state.prompt.count + state.background.count < Self.longestQueue else { return .crowded }
            switch entry.urgency {
            case .prompt: state.prompt.append(entry)
            case .background: state.background.append(entry)
            }
            guard !state.draining else { return .queued }
            state.draining = true
            return .start
        }
        switch verdict {
        case .queued: break
        case .start: queue.async { self.drain() }
        case .closed: entry.refuse(.closed)
        case .crowded: entry.refuse(.busy("too many writes are waiting"))
        }
    }

    private func drain() {
        while true {
            let group = state.withLock { state -> ArraySlice<Waiting> in
                // One place is left, so that background writes never stop.
                var group = state.prompt.prefix(Self.largestGroup - 1)
                state.prompt.removeFirst(group.count)
                if group.isEmpty, let first = state.background.popFirst() { group = [first] }
                if group.isEmpty { state.draining = false }
                return group
            }
            if group.isEmpty { return }
            commit(group)
        }
    }

    /// The next background write that may still go into a group.
    /// - Parameters:
    ///   - size: how many are in it.
    ///   - start: since when it is filled up.
    private func next(size: Int, since start: ContinuousClock.Instant) -> Waiting? {
        guard size < Self.largestGroup, .now - start < Self.longestFill else { return nil }
        return state.withLock { $0.background.popFirst() }
    }

    private func commit(_ group: ArraySlice<Waiting>) {
        var finishes: [Finish] = []
        var attended: [Attended] = []
        finishes.reserveCapacity(group.count)
        do {
            let signals = try pool.writeWithoutTransaction { db -> Set<Signal> in
                let connection = Connection(engine: .sqlite, runner: SQLiteRunner(db: db), belongings: self.belongings)
                do {
                    try connection.execute("BEGIN IMMEDIATE")
                    func run(_ entry: Waiting) throws {
                        finishes.append(entry.run(connection))
                        // A full disk ends the transaction under us; what followed would be committed one by one.
                        guard db.isInsideTransaction else {
                            throw DatabaseError.full("SQLite gave up the transaction")
                        }
                    }
                    for entry in group { try run(entry) }
                    let start = ContinuousClock.now
                    while let entry = self.next(size: finishes.count, since: start) { try run(entry) }
                    attended = try connection.attend(self.hub)
                    try connection.execute("COMMIT")
                } catch {
                    if db.isInsideTransaction { _ = try? connection.execute("ROLLBACK") }
                    throw error
                }
                return connection.signals.union(connection.hints)
            }
            for one in attended { one.ended(true) }
            for finish in finishes { finish(nil) }
            hub.raise(signals)
        } catch {
            let failure = DatabaseError(sqlite: error)
            for one in attended { one.ended(false) }
            for finish in finishes { finish(failure) }
            for entry in group.dropFirst(finishes.count) { entry.refuse(failure) }
        }
    }

    /// Refuses further writes and returns when those already accepted are done.
    func close() async {
        state.withLock { $0.closed = true }
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume() }
        }
    }
}

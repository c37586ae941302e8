import Synchronization

/// Thrown by a wait whose condition did not come true in time.
public struct WaitedTooLong: Error, CustomStringConvertible {
    /// What was waited for, in words.
    public let what: String
    /// How long.
    public let limit: Duration
    public var description: String { "waited \(limit) in vain for \(what)" }

    /// Says what did not come true within `limit`.
    package init(what: String, limit: Duration) {
        self.what = what
        self.limit = limit
    }
}

/// State behind a lock that others can await a condition of, so that tests never sleep.
package final class Watched<State: Sendable>: Sendable {
    private struct Inside: Sendable {
        var state: State
        var watchers: [Int: AsyncStream<Void>.Continuation] = [:]
        var nextWatcher = 0
    }

    private let inside: Mutex<Inside>

    /// Holds `state` at the start.
    package init(_ state: State) { inside = Mutex(Inside(state: state)) }

    /// Reads or changes the state, then lets those look who wait for a condition.
    package func change<Result: Sendable, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try inside.withLock { (inside) throws(Failure) -> Result in
            defer {
                for watcher in inside.watchers.values { watcher.yield() }
            }
            return try body(&inside.state)
        }
    }

    /// Reads the state; changes made by `body` are nobody's condition (counters, caches).
    package func read<Result: Sendable, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try inside.withLock { (inside) throws(Failure) -> Result in try body(&inside.state) }
    }

    /// The first value that `condition` finds, now or after a change; throws ``WaitedTooLong`` after `limit`.
    package func first<Found: Sendable>(
        _ what: String, within limit: Duration, _ condition: @escaping @Sendable (State) -> Found?
    ) async throws -> Found {
        let (looks, watcher) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = inside.withLock { inside in
            inside.nextWatcher += 1
            inside.watchers[inside.nextWatcher] = watcher
            return inside.nextWatcher
        }
        defer { _ = inside.withLock { $0.watchers.removeValue(forKey: number) } }
        watcher.yield()
        return try await withThrowingTaskGroup(of: Found.self) { group in
            group.addTask {
                for await _ in looks {
                    if let found = self.inside.withLock({ condition($0.state) }) { return found }
                }
                throw CancellationError()
            }
            group.addTask {
                try await Task.sleep(for: limit)
                throw WaitedTooLong(what: what, limit: limit)
            }
            defer { group.cancelAll() }
            guard let found = try await group.next() else { throw CancellationError() }
            return found
        }
    }
}

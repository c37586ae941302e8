import BoundaryText
import Synchronization

/// Stores many small things of one kind with few transactions: while one batch is being committed, the next gathers.
/// Whoever adds waits until his thing is durable.
public final class WriteBatcher<Item: Sendable>: Sendable {
    private struct Entry {
        let item: Item
        let added: ContinuousClock.Instant
        let stored: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var waiting: [Entry] = []
        var bells: [AsyncStream<Void>.Continuation] = []
        var closed = false
    }

    private let database: Database
    private let largest: Int
    private let lanes: Int
    private let longestWait: Duration
    private let store: @Sendable ([Item], Connection) throws -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - largest: items in one transaction.
    ///   - lanes: transactions at the same time.
    ///   - longestWait: an item that waited longer is refused as busy instead of being stored late.
    ///   - store: writes the items; runs again item by item when a batch fails for a reason of its content.
    public init(
        database: Database, largest: Int = 64, lanes: Int = 2, longestWait: Duration = .seconds(4),
        store: @escaping @Sendable ([Item], Connection) throws -> Void
    ) {
        self.database = database
        self.largest = largest
        self.lanes = lanes
        self.longestWait = longestWait
        self.store = store
    }

    // A stalled database must not fill the memory with waiting writes.
    private static var mostWaiting: Int { 10_000 }

    /// Stores an item.
    /// - Throws: what the transaction threw, or ``DatabaseError/busy(_:)``.
    public func add(_ item: Item) async throws {
        try await database.waited { try await wait(for: item) }
    }

    private func wait(for item: Item) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let entry = Entry(item: item, added: .now, stored: continuation)
            let refusal = state.withLock { state -> DatabaseError? in
                guard !state.closed else { return .closed }
                guard state.waiting.count < Self.mostWaiting else { return .busy("too much is waiting to be stored") }
                state.waiting.append(entry)
                for bell in state.bells { bell.yield() }
                return nil
            }
            if let refusal { continuation.resume(throwing: refusal) }
        }
    }

    /// Stores what is added until the task is cancelled; then the rest, and refuses what comes later.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<lanes {
                let (bell, ring) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
                state.withLock { $0.bells.append(ring) }
                ring.yield()
                group.addTask { for await _ in bell { await self.storeWaiting() } }
            }
            await group.waitForAll()
        }
        state.withLock { $0.closed = true }
        await storeWaiting()
    }

    private func storeWaiting() async {
        while case let batch = take(), !batch.isEmpty {
            let deadline = ContinuousClock.now - longestWait
            let (timely, late) = (batch.filter { $0.added > deadline }, batch.filter { $0.added <= deadline })
            for entry in late { entry.stored.resume(throwing: DatabaseError.busy("it waited too long to be stored")) }
            await store(timely)
        }
    }

    private func store(_ batch: [Entry]) async {
        guard !batch.isEmpty else { return }
        let store = store
        let items = batch.map(\.item)
        do {
            try await database.write { try store(items, $0) }
            for entry in batch { entry.stored.resume() }
        } catch let error as DatabaseError where !error.isTransient && batch.count > 1 {
            for entry in batch { await self.store([entry]) }
        } catch {
            for entry in batch { entry.stored.resume(throwing: error) }
        }
    }

    private func take() -> [Entry] {
        state.withLock { state in
            let batch = Array(state.waiting.prefix(largest))
            state.waiting.removeFirst(batch.count)
            return batch
        }
    }
}

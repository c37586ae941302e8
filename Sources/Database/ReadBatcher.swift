import BoundaryText
import Synchronization

/// Reads many small things of one kind with few queries: while some are being read, further requests gather.
public final class ReadBatcher<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// What one who asks has to do.
    private enum Turn: Sendable {
        /// Read what has gathered, his own included.
        case reads
        case has(Result<Value?, any Error>)
    }

    private struct State {
        var waiting: [(key: Key, answer: CheckedContinuation<Turn, Never>)] = []
        var readers = 0
    }

    private let database: Database
    private let largest: Int
    private let readers: Int
    private let read: @Sendable ([Key], Connection) throws -> [Key: Value]
    private let state = Mutex(State())

    /// - Parameters:
    ///   - largest: keys in one query.
    ///   - readers: queries at the same time.
    ///   - read: finds the values; what is not there it leaves out.
    public init(
        database: Database, largest: Int = 64, readers: Int = 2,
        read: @escaping @Sendable ([Key], Connection) throws -> [Key: Value]
    ) {
        self.database = database
        self.largest = largest
        self.readers = readers
        self.read = read
    }

    /// The value of a key; nil when there is none.
    public func value(_ key: Key) async throws -> Value? {
        let turn = await withCheckedContinuation { continuation in
            let isReader = state.withLock { state in
                state.waiting.append((key, continuation))
                guard state.readers < readers else { return false }
                state.readers += 1
                return true
            }
            if isReader { passOn() }
        }
        switch turn {
        case .has(let result): return try result.get()
        case .reads: return try await readGathered(with: key).get()
        }
    }

    /// Makes the first of those who wait the next reader.
    private func passOn() {
        state.withLock { state -> CheckedContinuation<Turn, Never>? in
            guard !state.waiting.isEmpty else {
                state.readers -= 1
                return nil
            }
            return state.waiting.removeFirst().answer
        }?.resume(returning: .reads)
    }

    private func readGathered(with key: Key) async -> Result<Value?, any Error> {
        // Those who were started at the same moment ask as well.
        await Task.yield()
        let others = state.withLock { state in
            let others = Array(state.waiting.prefix(largest - 1))
            state.waiting.removeFirst(others.count)
            return others
        }
        let keys = Array(Set(others.map(\.key)).union([key]))
        let found: Result<[Key: Value], any Error>
        do {
            found = .success(try await database.read { [read] in try read(keys, $0) })
        } catch {
            found = .failure(error)
        }
        passOn()
        for other in others { other.answer.resume(returning: .has(found.map { $0[other.key] })) }
        return found.map { $0[key] }
    }
}

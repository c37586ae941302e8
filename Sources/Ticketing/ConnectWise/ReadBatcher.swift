/// Reads single things while few are wanted, and many with one call when more are: calls are the scarce thing.
///
/// A few reads run at once, each for itself, so that a lone read waits for nobody. What is wanted beyond that gathers;
/// when a read ends, all that gathered is read with one call by the first of those who wait.
actor ReadBatcher<Key: Hashable & Sendable, Value: Sendable> {
    private enum Turn: Sendable {
        case lead([Waiter])
        case answer(Result<Value?, PSAError>)
    }

    private struct Waiter: Sendable {
        let key: Key
        let turn: CheckedContinuation<Turn, Never>
    }

    private let atOnce: Int
    private let largest: Int
    private let read: @Sendable ([Key]) async -> Result<[Key: Value], PSAError>
    private var reading = 0
    private var waiting: [Waiter] = []

    /// - Parameters:
    ///   - atOnce: reads under way before others have to gather.
    ///   - largest: keys in one call.
    ///   - read: reads things; those that do not exist are missing in the answer.
    init(
        atOnce: Int, largest: Int = 100, read: @escaping @Sendable ([Key]) async -> Result<[Key: Value], PSAError>
    ) {
        self.atOnce = atOnce
        self.largest = largest
        self.read = read
    }

    /// How many wait for the next read.
    var gathered: Int { waiting.count }

    /// The thing; nil when it does not exist.
    func value(for key: Key) async throws(PSAError) -> Value? {
        guard reading >= atOnce else {
            reading += 1
            return try await lead(key, followers: [])
        }
        switch await withCheckedContinuation({ waiting.append(Waiter(key: key, turn: $0)) }) {
        case .lead(let followers): return try await lead(key, followers: followers)
        case .answer(let result): return try result.get()
        }
    }

    private func lead(_ key: Key, followers: [Waiter]) async throws(PSAError) -> Value? {
        let result = await read(Array(Set(followers.map(\.key) + [key])))
        for follower in followers { follower.turn.resume(returning: .answer(result.map { $0[follower.key] })) }
        if waiting.isEmpty {
            reading -= 1
        } else {
            let next = waiting.removeFirst()
            let followers = Array(waiting.prefix(largest - 1))
            waiting.removeFirst(followers.count)
            next.turn.resume(returning: .lead(followers))
        }
        return try result.get()[key]
    }
}

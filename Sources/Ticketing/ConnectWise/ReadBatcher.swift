/// Reads single things while few are wanted, and many with one call when more are: calls are the scarce thing.
///
/// A few reads run at once, each for itself, so that a lone read waits for nobody. What is wanted beyond that gathers;
/// when a read ends, all that gathered is read with one call by the first of those who wait. What comes in quick succession
/// gathers for a moment first, so that a burst does not begin with many small reads.
actor ReadBatcher<Key: Hashable & Sendable, Value: Sendable> {
    private enum Turn: Sendable {
        case lead([Waiter])
        case answer(Result<Value?, PSAError>)
    }

    private struct Waiter: Sendable {
        let key: Key
        let turn: CheckedContinuation<Turn, Never>
    }

    // A burst comes faster than this; changes that have nothing to do with each other mostly do not.
    private static var burst: Duration { .milliseconds(2) }
    // Short for those who wait for a message, long enough for the callbacks of one change of many tickets.
    private static var moment: Duration { .milliseconds(10) }

    private let atOnce: Int
    private let largest: Int
    private let now: @Sendable () -> ContinuousClock.Instant
    private let sleep: @Sendable (Duration) async -> Void
    private let read: @Sendable ([Key]) async -> Result<[Key: Value], PSAError>
    private var reading = 0
    private var isGathering = false
    private var lastWanted: ContinuousClock.Instant?
    private var waiting: [Waiter] = []

    /// - Parameters:
    ///   - atOnce: reads under way before others have to gather.
    ///   - largest: keys in one call.
    ///   - now: a clock that only goes forward.
    ///   - sleep: waits that long.
    ///   - read: reads things; those that do not exist are missing in the answer.
    init(
        atOnce: Int, largest: Int = 100, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        sleep: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) },
        read: @escaping @Sendable ([Key]) async -> Result<[Key: Value], PSAError>
    ) {
        self.atOnce = atOnce
        self.largest = largest
        self.now = now
        self.sleep = sleep
        self.read = read
    }

    /// How many wait for the next read.
    var gathered: Int { waiting.count }

    /// The thing; nil when it does not exist.
    func value(for key: Key) async throws(PSAError) -> Value? {
        let instant = now()
        let isBurst = lastWanted.map { instant - $0 < Self.burst } ?? false
        lastWanted = instant
        if reading < atOnce, !isGathering {
            reading += 1
            guard isBurst else { return try await lead(key, followers: []) }
            isGathering = true
            await sleep(Self.moment)
            isGathering = false
            return try await lead(key, followers: takeFollowers())
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
            next.turn.resume(returning: .lead(takeFollowers()))
        }
        return try result.get()[key]
    }

    private func takeFollowers() -> [Waiter] {
        let followers = Array(waiting.prefix(largest - 1))
        waiting.removeFirst(followers.count)
        return followers
    }
}

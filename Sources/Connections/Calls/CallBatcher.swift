import BoundaryText

/// Reads single things while few are wanted, and many with one call when more are: calls are scarce.
///
/// A few reads run concurrently, each on its own, so that a lone read does not wait. Further requests gather; when a
/// read ends, the first of those waiting reads all of them with one call. Bursts so large that single calls would use up
/// the budget gather for a moment first, so that they do not become many small reads.
public actor CallBatcher<Key: Hashable & Sendable, Value: Sendable, Failure: Error> {
    private enum Turn: Sendable {
        case lead([Waiter])
        case answer(Result<Value?, Failure>)
    }

    private struct Waiter: Sendable {
        let key: Key
        let turn: CheckedContinuation<Turn, Never>
    }

    private static var burstTime: Duration { .seconds(1) }
    // Little beside what the calls take, much beside the time between the callbacks of one change of many tickets.
    private static var moment: Duration { .milliseconds(200) }
    private static var mostCounted: Int { 1_000 }
    // Others do not wait for a call that takes longer than this many moments.
    private static var mostMoments: Int { 8 }

    private let atOnce: Int
    private let burst: Int
    private let largest: Int
    private let now: @Sendable () -> ContinuousClock.Instant
    private let sleep: @Sendable (Duration) async -> Void
    private let read: @Sendable ([Key]) async -> Result<[Key: Value], Failure>
    private var reading = 0
    private var isGathering = false
    /// How many reads for a burst are under way.
    private var burstReads = 0
    /// When things were wanted within the last second, as many as matter.
    private var wanted: [ContinuousClock.Instant] = []
    private var waiting: [Waiter] = []

    /// - Parameters:
    ///   - atOnce: reads under way before others have to gather.
    ///   - burst: reads wanted within a second that are too many for calls of their own.
    ///   - largest: keys in one call.
    ///   - now: a clock that only goes forward.
    ///   - sleep: waits that long.
    ///   - read: reads things; those that do not exist are missing in the answer.
    public init(
        atOnce: Int, burst: Int = .max, largest: Int = 100,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        sleep: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) },
        read: @escaping @Sendable ([Key]) async -> Result<[Key: Value], Failure>
    ) {
        self.atOnce = atOnce
        self.burst = burst
        self.largest = largest
        self.now = now
        self.sleep = sleep
        self.read = read
    }

    /// How many wait for the next read.
    var gathered: Int { waiting.count }

    /// The thing; nil when it does not exist.
    public func value(for key: Key) async throws(Failure) -> Value? {
        let isBurst = noteWanted()
        if reading < atOnce, !isGathering {
            reading += 1
            return try await isBurst ? gather(key) : lead(key, followers: [])
        }
        switch await withCheckedContinuation({ waiting.append(Waiter(key: key, turn: $0)) }) {
        case .lead(let followers): return try await lead(key, followers: followers)
        case .answer(let result): return try result.get()
        }
    }

    /// - Returns: whether things are wanted in quick succession.
    private func noteWanted() -> Bool {
        let instant = now()
        // What could never be counted to the end need not be counted.
        guard burst <= Self.mostCounted else { return false }
        wanted.append(instant)
        if wanted.count > burst { wanted.removeFirst() }
        return wanted.count == burst && wanted[0].duration(to: instant) < Self.burstTime
    }

    /// Reads a thing together with everything else that is waiting; one such read at a time, unless it takes long.
    private func gather(_ key: Key) async throws(Failure) -> Value? {
        isGathering = true
        var moments = 0
        repeat {
            await sleep(Self.moment)
            moments += 1
        } while burstReads > 0 && moments < Self.mostMoments
        isGathering = false
        burstReads += 1
        defer { burstReads -= 1 }
        return try await lead(key, followers: takeFollowers())
    }

    private func lead(_ key: Key, followers: [Waiter]) async throws(Failure) -> Value? {
        let result = await read(Array(Set(followers.map(\.key) + [key])))
        for follower in followers { follower.turn.resume(returning: .answer(result.map { $0[follower.key] })) }
        // Those who wait are taken along by who is gathering.
        if waiting.isEmpty || isGathering {
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

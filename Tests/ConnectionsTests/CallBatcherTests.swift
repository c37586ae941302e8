import Synchronization
import TestSupport
import Testing

@testable import Connections

/// An outside system does not answer.
private struct Down: Error, Equatable {}

/// Reads that stand still until a test lets them go.
private final class HeldReads: Sendable {
    private struct State {
        var calls: [[Int]] = []
        var open: [CheckedContinuation<Void, Never>] = []
        var under = 0
        var most = 0
        var isHolding = true
    }

    private let state = Mutex(State())
    let answer: @Sendable ([Int]) -> Result<[Int: String], Down>

    init(answer: @escaping @Sendable ([Int]) -> Result<[Int: String], Down> = HeldReads.everything) {
        self.answer = answer
    }

    static let everything: @Sendable ([Int]) -> Result<[Int: String], Down> = { keys in
        .success(Dictionary(uniqueKeysWithValues: keys.map { ($0, "value \($0)") }))
    }

    var calls: [[Int]] { state.withLock { $0.calls } }
    var most: Int { state.withLock { $0.most } }

    func read(_ keys: [Int]) async -> Result<[Int: String], Down> {
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state in
                state.calls.append(keys.sorted())
                state.under += 1
                state.most = max(state.most, state.under)
                if state.isHolding { state.open.append(continuation) }
                return !state.isHolding
            }
            if goesOn { continuation.resume() }
        }
        state.withLock { $0.under -= 1 }
        return answer(keys)
    }

    /// Lets the oldest read go.
    func releaseOne() {
        state.withLock { $0.open.isEmpty ? nil : $0.open.removeFirst() }?.resume()
    }

    /// Lets all reads go, and holds no more.
    func releaseAll() {
        let open = state.withLock { state in
            state.isHolding = false
            defer { state.open = [] }
            return state.open
        }
        for continuation in open { continuation.resume() }
    }
}

@Suite("Reading together")
struct CallBatcherTests {
    private func value(_ batcher: CallBatcher<Int, String, Down>, _ key: Int) async -> Result<String?, Down> {
        do {
            return .success(try await batcher.value(for: key))
        } catch {
            return .failure(error)
        }
    }

    @Test("A few read each for itself")
    func singles() async throws {
        let reads = HeldReads()
        let batcher = CallBatcher(atOnce: 3) { await reads.read($0) }
        try await withThrowingTaskGroup { group in
            for key in 1...3 { group.addTask { await value(batcher, key) } }
            try await eventually("three reads are under way") { reads.calls.count == 3 }
            #expect(reads.calls.allSatisfy { $0.count == 1 })
            reads.releaseAll()
            for try await result in group { #expect(try result.get() != nil) }
        }
        #expect(Set(reads.calls) == [[1], [2], [3]])
    }

    @Test("A burst gathers for a moment instead of beginning with many small reads")
    func burst() async throws {
        let reads = HeldReads()
        reads.releaseAll()
        let (moment, passed) = AsyncStream.makeStream(of: Void.self)
        let start = ContinuousClock.now
        let batcher = CallBatcher(atOnce: 6, burst: 4, now: { start }, sleep: { _ in for await _ in moment {} }) {
            await reads.read($0)
        }
        try await withThrowingTaskGroup { group in
            // The first few are no burst yet.
            for key in 0..<3 {
                group.addTask { (key, await value(batcher, key)) }
                try await eventually("\(key) is read by itself") { reads.calls.contains([key]) }
            }
            for key in 3...80 { group.addTask { (key, await value(batcher, key)) } }
            try await eventually("all but the leader wait") { await batcher.gathered == 77 }
            passed.finish()
            for try await (key, result) in group { #expect(try result.get() == "value \(key)") }
        }
        #expect(reads.calls.dropFirst(3) == [Array(3...80)])
    }

    @Test("Requests that gather behind them are read with one call, and each gets its own result")
    func gathering() async throws {
        let reads = HeldReads()
        let batcher = CallBatcher(atOnce: 1) { await reads.read($0) }
        try await withThrowingTaskGroup { group in
            group.addTask { (0, await value(batcher, 0)) }
            try await eventually("the first is under way") { reads.calls.count == 1 }
            for key in 1...50 { group.addTask { (key, await value(batcher, key)) } }
            // Twice the same thing is one thing.
            group.addTask { (7, await value(batcher, 7)) }
            try await eventually("all gather") { await batcher.gathered == 51 }
            reads.releaseAll()
            for try await (key, result) in group { #expect(try result.get() == "value \(key)") }
        }
        #expect(reads.calls == [[0], Array(1...50)])
    }

    @Test("A call never names more than the largest number of things")
    func largest() async throws {
        let reads = HeldReads()
        let batcher = CallBatcher(atOnce: 1, largest: 10) { await reads.read($0) }
        try await withThrowingTaskGroup { group in
            group.addTask { await value(batcher, 0) }
            try await eventually("the first is under way") { reads.calls.count == 1 }
            for key in 1...25 { group.addTask { await value(batcher, key) } }
            try await eventually("all gather") { await batcher.gathered == 25 }
            reads.releaseAll()
            for try await result in group { #expect(try result.get() != nil) }
        }
        #expect(reads.calls.map(\.count) == [1, 10, 10, 5])
        #expect(reads.calls.flatMap { $0 }.sorted() == Array(0...25))
    }

    @Test("A failure reaches all callers of that call and no others")
    func failure() async throws {
        let reads = HeldReads { keys in keys.contains(3) ? .failure(Down()) : HeldReads.everything(keys) }
        let batcher = CallBatcher(atOnce: 1) { await reads.read($0) }
        try await withThrowingTaskGroup { group in
            group.addTask { (0, await value(batcher, 0)) }
            try await eventually("the first is under way") { reads.calls.count == 1 }
            for key in 1...5 { group.addTask { (key, await value(batcher, key)) } }
            try await eventually("all gather") { await batcher.gathered == 5 }
            reads.releaseAll()
            for try await (key, result) in group {
                #expect(result == (key == 0 ? .success("value 0") : .failure(Down())))
            }
        }
        #expect(await value(batcher, 6) == .success("value 6"))
    }

    @Test("A thing that does not exist is nil, alone and among others")
    func missing() async throws {
        let reads = HeldReads { keys in
            .success(Dictionary(uniqueKeysWithValues: keys.filter { $0 % 2 == 0 }.map { ($0, "value \($0)") }))
        }
        let batcher = CallBatcher(atOnce: 1) { await reads.read($0) }
        try await withThrowingTaskGroup { group in
            group.addTask { (1, await value(batcher, 1)) }
            try await eventually("the first is under way") { reads.calls.count == 1 }
            for key in 2...5 { group.addTask { (key, await value(batcher, key)) } }
            try await eventually("all gather") { await batcher.gathered == 4 }
            reads.releaseAll()
            for try await (key, result) in group { #expect(try result.get() == (key % 2 == 0 ? "value \(key)" : nil)) }
        }
    }

    @Test("The longest-waiting caller leads next, so that newcomers cannot starve others")
    func fairness() async throws {
        let reads = HeldReads()
        let batcher = CallBatcher(atOnce: 1, largest: 2) { await reads.read($0) }
        try await withThrowingTaskGroup { group in
            for key in 0...6 {
                group.addTask { await value(batcher, key) }
                try await eventually("\(key) waits") {
                    key == 0 ? reads.calls.count == 1 : await batcher.gathered == key
                }
            }
            for round in 1...3 {
                reads.releaseOne()
                try await eventually("read \(round)") { reads.calls.count == round + 1 }
            }
            reads.releaseAll()
            for try await result in group { #expect(try result.get() != nil) }
        }
        #expect(reads.calls == [[0], [1, 2], [3, 4], [5, 6]])
    }

    @Test("Never more reads at once than allowed, and all are answered", arguments: [1, 2, 6])
    func load(atOnce: Int) async throws {
        let reads = HeldReads()
        reads.releaseAll()
        let batcher = CallBatcher(atOnce: atOnce, largest: 10) { await reads.read($0) }
        await withTaskGroup { group in
            for key in 0..<2_000 { group.addTask { (key, await value(batcher, key)) } }
            for await (key, result) in group { #expect(result == .success("value \(key)")) }
        }
        #expect(reads.most <= atOnce)
        #expect(reads.calls.allSatisfy { $0.count <= 10 })
        #expect(reads.calls.flatMap { $0 }.sorted() == Array(0..<2_000))
    }
}

import Outbound
import ScriptedPeer
import Testing

@Suite("Call budget")
struct CallBudgetTests {
    private let time = MovableClock()

    @Test("never more than the limit in any window", arguments: [1, 3, 10])
    func window(limit: Int) async throws {
        let budget = SlidingCallBudget(limit: limit, window: .seconds(60), clock: time.clock)
        let start = time.now
        let grants = Noted<[ContinuousClock.Instant]>([])
        try await withThrowingTaskGroup { group in
            for _ in 0..<(limit * 4) {
                group.addTask {
                    try await budget.acquire(.background, patience: .seconds(100_000))
                    grants.withLock { $0.append(time.now) }
                }
            }
            while grants.withLock({ $0.count }) < limit * 4 {
                while grants.withLock({ $0.count }) + time.sleeping < limit * 4 { await Task.yield() }
                // An odd step, so that windows do not line up.
                time.move(by: .seconds(7))
            }
            try await group.waitForAll()
        }
        let sorted = grants.withLock { $0.sorted() }
        for (first, last) in zip(sorted, sorted.dropFirst(limit)) { #expect(last - first >= .seconds(60)) }
        #expect((sorted.last ?? start) - start < .seconds(60 * 4 + 30))
    }

    @Test("interactive callers go first")
    func interactiveFirst() async throws {
        let budget = SlidingCallBudget(limit: 1, window: .seconds(60), clock: time.clock)
        try await budget.acquire(.interactive, patience: .zero)
        let order = Noted<[CallPriority]>([])
        try await withThrowingTaskGroup { group in
            group.addTask {
                try await budget.acquire(.background, patience: .seconds(1_000))
                order.withLock { $0.append(.background) }
            }
            await time.settle(1)
            group.addTask {
                try await budget.acquire(.interactive, patience: .seconds(1_000))
                order.withLock { $0.append(.interactive) }
            }
            await time.settle(2)
            time.move(by: .seconds(60))
            while order.withLock({ $0.isEmpty }) { await Task.yield() }
            await time.settle(1)
            time.move(by: .seconds(60))
            try await group.waitForAll()
        }
        #expect(order.withLock { $0 } == [.interactive, .background])
    }

    @Test("says when, to a caller without the patience")
    func impatient() async throws {
        let budget = SlidingCallBudget(limit: 2, window: .seconds(60), clock: time.clock)
        try await budget.acquire(.background, patience: .zero)
        time.move(by: .seconds(10))
        try await budget.acquire(.background, patience: .zero)
        time.move(by: .seconds(5))
        await #expect(throws: OutboundError.budget(retryAfter: .seconds(45))) {
            try await budget.acquire(.interactive, patience: .seconds(44))
        }
        time.move(by: .seconds(45))
        try await budget.acquire(.interactive, patience: .zero)
    }

    @Test("a cancelled caller gives its place up")
    func cancelled() async throws {
        let budget = SlidingCallBudget(limit: 1, window: .seconds(60), clock: time.clock)
        try await budget.acquire(.background, patience: .zero)
        await withTaskGroup(of: OutboundError?.self) { group in
            group.addTask {
                do throws(OutboundError) {
                    try await budget.acquire(.interactive, patience: .seconds(1_000))
                    return nil
                } catch {
                    return error
                }
            }
            await time.settle(1)
            group.cancelAll()
            #expect(await group.next() == .cancelled(maybeSent: false))
        }
        time.move(by: .seconds(60))
        try await budget.acquire(.background, patience: .zero)
    }
}

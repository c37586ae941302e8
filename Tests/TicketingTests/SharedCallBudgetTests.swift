import Database
import Foundation
import Outbound
import TestSupport
import Testing

@testable import Ticketing

@Suite("A budget that servers share")
struct SharedCallBudgetTests {
    /// Two servers' budgets over one database and one clock. Waiting moves the clock.
    private struct Pair: Sendable {
        let clock = TestClock()
        let budgets: [SharedCallBudget]

        init(_ database: Database, limit: Int) {
            budgets = (0..<2).map { [clock] _ in
                SharedCallBudget(
                    database: database, name: "psa:1", limit: limit, now: { clock.now },
                    sleep: { clock.advance(by: $0 + .milliseconds(1)) })
            }
        }
    }

    private func granted(_ budget: SharedCallBudget, _ priority: CallPriority = .background) async -> Bool {
        do {
            try await budget.acquire(priority, patience: .zero)
            return true
        } catch {
            return false
        }
    }

    @Test(
        "In any 60 seconds never more calls than the limit, whoever makes them", arguments: TestDatabase.engines,
        [1, 7, 40, 100])
    func window(engine: Engine, limit: Int) async throws {
        try await TestDatabase.with(engine, migrations: ticketing) { database in
            let pair = Pair(database, limit: limit)
            var calls: [Date] = []
            for _ in 0..<1_500 {
                if Int.random(in: 0...3) == 0 { pair.clock.advance(by: .milliseconds(Int.random(in: 0...4_000))) }
                if await granted(pair.budgets[Int.random(in: 0...1)], Bool.random() ? .background : .interactive) {
                    calls.append(pair.clock.now)
                }
            }
            #expect(calls.count > limit)
            for (number, call) in calls.enumerated() where number >= limit {
                // The call `limit` places before must have left the window.
                #expect(call.timeIntervalSince(calls[number - limit]) >= 60)
            }
        }
    }

    @Test("One server can use the whole limit, and then has to wait", arguments: TestDatabase.engines)
    func whole(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: ticketing) { database in
            let pair = Pair(database, limit: 40)
            for _ in 0..<40 { #expect(await granted(pair.budgets[0], .interactive)) }
            #expect(await !granted(pair.budgets[0], .interactive))
            #expect(await !granted(pair.budgets[1], .interactive))
        }
    }

    @Test("However much is read in the background, the last fifth is for people", arguments: TestDatabase.engines)
    func share(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: ticketing) { database in
            let pair = Pair(database, limit: 100)
            var background = 0
            while await granted(pair.budgets[background % 2]) { background += 1 }
            #expect(background == 80)
            #expect(await !granted(pair.budgets[1]))
            for number in 0..<20 {
                #expect(await granted(pair.budgets[number / 10], .interactive))
                #expect(await !granted(pair.budgets[number / 10]))
            }
            #expect(await !granted(pair.budgets[0], .interactive))
        }
    }

    @Test("What a server did not use of a portion goes back to all", arguments: TestDatabase.engines)
    func unused(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: ticketing) { database in
            let pair = Pair(database, limit: 100)
            // A portion has five calls; one is used, then the portion's time is over.
            #expect(await granted(pair.budgets[0]))
            pair.clock.advance(by: .seconds(6))
            #expect(await granted(pair.budgets[0]))
            var others = 0
            while await granted(pair.budgets[1], .interactive) { others += 1 }
            // 100 less the one that was used and the five that are held.
            #expect(others == 94)
        }
    }

    @Test("Who is patient waits until there is a call, who is not is told how long", arguments: TestDatabase.engines)
    func patience(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: ticketing) { database in
            let pair = Pair(database, limit: 20)
            let start = pair.clock.now
            for _ in 0..<20 { #expect(await granted(pair.budgets[0], .interactive)) }
            do throws(OutboundError) {
                try await pair.budgets[0].acquire(.interactive, patience: .seconds(64))
                Issue.record("granted too early")
            } catch {
                #expect(error == .budget(retryAfter: .seconds(65)))
            }
            #expect(pair.clock.now == start)
            try await pair.budgets[0].acquire(.interactive, patience: .seconds(66))
            #expect(pair.clock.now.timeIntervalSince(start) >= 60)
        }
    }

    @Test("Other budgets count for themselves", arguments: TestDatabase.engines)
    func names(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: ticketing) { database in
            for name in ["psa:1", "psa:2"] {
                let budget = SharedCallBudget(database: database, name: name, limit: 3)
                for _ in 0..<3 { #expect(await granted(budget)) }
                #expect(await !granted(budget))
            }
        }
    }

    @Test("People who wait go before background work")
    func interactiveFirst() async throws {
        try await TestDatabase.with(.sqlite, migrations: ticketing) { database in
            let clock = TestClock()
            let (gate, open) = AsyncStream<Void>.makeStream()
            let sleeping = MutexBox(0)
            let budget = SharedCallBudget(database: database, name: "psa:1", limit: 1, now: { clock.now }) { _ in
                sleeping.change { $0 += 1 }
                for await _ in gate { return }
            }
            #expect(await granted(budget))
            let order = MutexBox<[CallPriority]>([])
            try await withThrowingTaskGroup { group in
                group.addTask {
                    try? await budget.acquire(.interactive, patience: .seconds(600))
                    order.change { $0.append(.interactive) }
                }
                try await eventually("somebody waits") { sleeping.value == 1 }
                // There is a call again, but a person waits for it; the background has no patience for the next.
                clock.advance(by: .seconds(66))
                group.addTask {
                    try? await budget.acquire(.background, patience: .seconds(1))
                    order.change { $0.append(.background) }
                }
                open.finish()
                try await group.waitForAll()
            }
            #expect(order.value.first == .interactive)
        }
    }

    @Test("A cancelled caller gets no call")
    func cancelled() async throws {
        try await TestDatabase.with(.sqlite, migrations: ticketing) { database in
            let budget = SharedCallBudget(database: database, name: "psa:1", limit: 3)
            let error = await withTaskGroup { group in
                group.addTask {
                    withUnsafeCurrentTask { $0?.cancel() }
                    do throws(OutboundError) {
                        try await budget.acquire(.background, patience: .zero)
                        return OutboundError?.none
                    } catch {
                        return error
                    }
                }
                return await group.next() ?? nil
            }
            #expect(error == .cancelled(maybeSent: false))
        }
    }
}

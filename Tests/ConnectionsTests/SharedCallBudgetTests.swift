import Database
import Foundation
import Server
import TestSupport
import Testing

@testable import Connections
@testable import Outbound

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
        "In any 60 seconds there are never more calls than the limit, over all servers",
        arguments: TestDatabase.engines,
        [1, 7, 40, 100])
    func window(engine: Engine, limit: Int) async throws {
        try await TestDatabase.with(engine, migrations: Installation.migrations) { database in
            let pair = Pair(database, limit: limit)
            var calls: [Date] = []
            for _ in 0..<1_500 {
                if Int.random(in: 0...3) == 0 { pair.clock.advance(by: .milliseconds(Int.random(in: 0...4_000))) }
                let budget = pair.budgets[Int.random(in: 0...1)]
                if Int.random(in: 0...3) == 0 {
                    // Work that takes its time over the calls that were set aside for it, and does not need all.
                    guard let work = try? await budget.setAside(3, .writing, patience: .zero) else { continue }
                    for _ in 0..<Int.random(in: 0...2) where work.take() {
                        calls.append(pair.clock.now)
                        pair.clock.advance(by: .milliseconds(Int.random(in: 0...9_000)))
                    }
                    await budget.takeBack(work)
                } else if await granted(budget, CallPriority.allCases.randomElement() ?? .background) {
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
        try await TestDatabase.with(engine, migrations: Installation.migrations) { database in
            let pair = Pair(database, limit: 40)
            for _ in 0..<40 { #expect(await granted(pair.budgets[0], .interactive)) }
            #expect(await !granted(pair.budgets[0], .interactive))
            #expect(await !granted(pair.budgets[1], .interactive))
        }
    }

    @Test("However much is read in the background, the last fifth is for people", arguments: TestDatabase.engines)
    func share(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: Installation.migrations) { database in
            let pair = Pair(database, limit: 100)
            var background = 0
            while await granted(pair.budgets[background % 2]) { background += 1 }
            #expect(background == 70)
            #expect(await !granted(pair.budgets[1]))
            // A tenth is kept for writes.
            var writing = 0
            while await granted(pair.budgets[writing % 2], .writing) { writing += 1 }
            #expect(writing == 10)
            for number in 0..<20 {
                #expect(await granted(pair.budgets[number / 10], .interactive))
                #expect(await !granted(pair.budgets[number / 10]))
            }
            #expect(await !granted(pair.budgets[0], .interactive))
        }
    }

    @Test("What a server did not use of a portion goes back to all", arguments: TestDatabase.engines)
    func unused(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: Installation.migrations) { database in
            let pair = Pair(database, limit: 500)
            // A portion has five calls; one is used, then the portion's time is over.
            #expect(await granted(pair.budgets[0]))
            pair.clock.advance(by: .seconds(6))
            #expect(await granted(pair.budgets[0]))
            var others = 0
            while await granted(pair.budgets[1], .interactive) { others += 1 }
            // 500 less the one that was used and the five that are reserved.
            #expect(others == 494)
        }
    }

    @Test(
        "Patient callers wait for a call; impatient ones are told how long it would take",
        arguments: TestDatabase.engines)
    func patience(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: Installation.migrations) { database in
            let pair = Pair(database, limit: 20)
            let start = pair.clock.now
            for _ in 0..<20 { #expect(await granted(pair.budgets[0], .interactive)) }
            do throws(OutboundError) {
                try await pair.budgets[0].acquire(.interactive, patience: .seconds(59))
                Issue.record("granted too early")
            } catch {
                #expect(error == .budget(retryAfter: .seconds(60)))
            }
            #expect(pair.clock.now == start)
            try await pair.budgets[0].acquire(.interactive, patience: .seconds(61))
            #expect(pair.clock.now.timeIntervalSince(start) >= 60)
        }
    }

    @Test(
        "Work begins with all its calls or not at all, and returns unused ones",
        arguments: TestDatabase.engines)
    func setAside(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: Installation.migrations) { database in
            // Of 40, 24 are for writes.
            let pair = Pair(database, limit: 40)
            var begun: [CallAllowance] = []
            while let work = try? await pair.budgets[0].setAside(4, .writing, patience: .zero) { begun.append(work) }
            #expect(begun.count == 6)
            #expect(begun.allSatisfy { $0.calls == 4 })
            for work in begun {
                #expect(work.take())
                #expect(work.take())
                await pair.budgets[0].takeBack(work)
            }
            pair.clock.advance(by: .seconds(6))
            var again = 0
            while await granted(pair.budgets[1], .writing) { again += 1 }
            // 24 less the twelve that were used.
            #expect(again == 12)
        }
    }

    @Test("Through a remote, too, work begins with all its calls or not at all", arguments: TestDatabase.engines)
    func remote(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: Installation.migrations) { database in
            // Of 10, six are for writes.
            let remotes = Pair(database, limit: 10).budgets.map { budget in
                Remote("test", limits: Remote.Limits(interactivePatience: .zero), budget: budget)
            }
            try await remotes[0].withCalls(4, .writing) {
                #expect(CallAllowance.current?.calls == 4)
                await #expect(throws: OutboundError.self) {
                    try await remotes[1].withCalls(4, .writing) { Issue.record("it began with two") }
                }
            }
        }
    }

    @Test(
        "Work that needs more calls than there are in a minute begins all the same, and ends", arguments: [1, 2, 3, 5])
    func small(limit: Int) async throws {
        try await TestDatabase.with(.sqlite, migrations: Installation.migrations) { database in
            let pair = Pair(database, limit: limit)
            let start = pair.clock.now
            for _ in 1...3 {
                let work = try await pair.budgets[0].setAside(8, .writing, patience: .seconds(120))
                for _ in 1...8 {
                    try await work.ensureOne(patience: .seconds(90))
                    #expect(work.take())
                }
                await pair.budgets[0].takeBack(work)
            }
            #expect(pair.clock.now.timeIntervalSince(start) < Double(24 / limit + 24) * 61)
        }
    }

    /// Minutes of 256 jobs on each server that all want to write, refreshes that want more than there is, and a search a
    /// second, with looks that many share as ``CallBatcher`` makes them.
    private func drain(
        _ database: Database, limit: Int, waiting: Int, servers: Int
    ) async throws -> (written: [Int], read: [Int], refusedPeople: Int) {
        let clock = TestClock()
        let budgets = (0..<servers).map { _ in
            SharedCallBudget(
                database: database, name: "psa:1", limit: limit, now: { clock.now },
                sleep: { clock.advance(by: $0 + .milliseconds(1)) })
        }
        var left = waiting
        var result = (written: [Int](), read: [Int](), refusedPeople: 0)
        for _ in 1...4 {
            var (written, read) = (0, 0)
            for second in 0..<60 {
                let people = second < limit / 6 ? await granted(budgets[second % servers], .interactive) : true
                if !people { result.refusedPeople += 1 }
                for budget in budgets {
                    var begun: [CallAllowance] = []
                    while begun.count < min(left, 256),
                        let work = try? await budget.setAside(2, .writing, patience: .zero)
                    {
                        begun.append(work)
                    }
                    for (number, work) in begun.enumerated() {
                        if number.isMultiple(of: 50) { #expect(work.take()) }
                        #expect(work.take())
                        await budget.takeBack(work)
                    }
                    written += begun.count
                    left -= begun.count
                    while let work = try? await budget.setAside(4, .background, patience: .zero) {
                        for _ in 1...3 { #expect(work.take()) }
                        await budget.takeBack(work)
                        read += 1
                    }
                }
                clock.advance(by: .seconds(1))
            }
            result.written.append(written)
            result.read.append(read)
        }
        return result
    }

    @Test(
        "Whatever waits, writes take two fifths of the calls, reads continue, and people get theirs",
        arguments: TestDatabase.engines, [(200, 300, 1), (200, 300, 2), (500, 1_000, 1), (500, 1_000, 2)])
    func drained(engine: Engine, size: (limit: Int, waiting: Int, servers: Int)) async throws {
        try await TestDatabase.with(engine, migrations: Installation.migrations) { database in
            let result = try await drain(
                database, limit: size.limit, waiting: size.waiting, servers: size.servers)
            var left = size.waiting
            for written in result.written {
                #expect(written >= min(left, size.limit * 2 / 5), "\(result)")
                left -= written
            }
            #expect(left == 0)
            #expect(result.read.allSatisfy { $0 >= size.limit / 20 }, "\(result)")
            #expect(result.refusedPeople == 0, "\(result)")
        }
    }

    @Test("Other budgets count for themselves", arguments: TestDatabase.engines)
    func names(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: Installation.migrations) { database in
            for name in ["psa:1", "psa:2"] {
                let budget = SharedCallBudget(database: database, name: name, limit: 3)
                for _ in 0..<3 { #expect(await granted(budget)) }
                #expect(await !granted(budget))
            }
        }
    }

    @Test("People who wait go before background work")
    func interactiveFirst() async throws {
        try await TestDatabase.with(.sqlite, migrations: Installation.migrations) { database in
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
        try await TestDatabase.with(.sqlite, migrations: Installation.migrations) { database in
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

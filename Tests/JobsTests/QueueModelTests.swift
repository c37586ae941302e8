import Database
import Foundation
import TestSupport
import Testing

@testable import Jobs

/// Whatever happens in whatever order, the queue is what the model beside it says: lanes, coalescing, fencing, pauses, failures
/// and workers that vanish. Also with much behind it: few lanes that are long, and very many of one job each.
@Suite("The queue beside its model", .timeLimit(.minutes(10)))
struct QueueModelTests {
    enum Background: CaseIterable, Sendable {
        case none, longLanes, manyLanes
    }

    @Test("After each step of a random run they agree", arguments: TestDatabase.engines, Background.allCases)
    func agreement(engine: Engine, background: Background) async throws {
        var dice = Dice()
        for _ in 0..<(background == .none ? 8 : 2) {
            let seed = dice.next()
            try await TestDatabase.with(engine, migrations: schema) { database in
                var run = Run(database, Dice(seed: seed), background)
                try await run.go()
            }
        }
    }
}

extension Date {
    /// In whole milliseconds, as instants are stored.
    fileprivate func isAfter(_ other: Date) -> Bool { timeIntervalSince(other) > 0.000_5 }
}

/// The queue as one would explain it.
private struct Model {
    struct Entry: Equatable {
        let number: Int
        let lane: String?
        let group: String
        let coalesces: Bool
        let priority: JobPriority
        var state: String
        var runAt: Date
        var failures = 0
        var fence = 0
        var interrupted = false
        var worker: String?
        var leaseUntil: Date?

        /// As it is stored.
        var inMilliseconds: Entry {
            func rounded(_ date: Date) -> Date {
                Date(timeIntervalSince1970: (date.timeIntervalSince1970 * 1_000).rounded() / 1_000)
            }
            var entry = self
            entry.runAt = rounded(runAt)
            entry.leaseUntil = leaseUntil.map(rounded)
            return entry
        }
    }

    var entries: [Entry] = []
    var pauses: [String: Date] = [:]

    func index(_ number: Int) -> Int? { entries.firstIndex { $0.number == number } }

    private func isOccupied(_ lane: String?, by states: Set<String>) -> Bool {
        lane != nil && entries.contains { $0.lane == lane && states.contains($0.state) }
    }

    mutating func enqueue(_ new: Entry) {
        if new.coalesces,
            let known = entries.firstIndex(where: {
                $0.lane == new.lane && $0.coalesces && ["ready", "waiting"].contains($0.state)
            })
        {
            entries[known].runAt = min(entries[known].runAt, new.runAt)
            return
        }
        var entry = new
        entry.state = isOccupied(new.lane, by: ["ready", "waiting", "running"]) ? "waiting" : "ready"
        entries.append(entry)
    }

    func due(at now: Date) -> Set<Int> {
        Set(
            entries.filter { entry in
                entry.state == "ready" && !(entry.runAt.isAfter(now)) && !(pauses[entry.group]?.isAfter(now) ?? false)
            }.map(\.number))
    }

    mutating func claim(_ number: Int, by worker: String, until: Date) {
        guard let index = index(number) else { return }
        entries[index].state = "running"
        entries[index].fence += 1
        entries[index].worker = worker
        entries[index].leaseUntil = until
    }

    /// Jobs that are absorbed wait behind it no longer.
    private mutating func absorb(into entry: Entry, state: String) {
        guard entry.coalesces else { return }
        entries.removeAll { $0.state == state && $0.coalesces && $0.lane == entry.lane }
    }

    mutating func release(_ number: Int, at instant: Date, failed: Bool) {
        guard let before = index(number) else { return }
        absorb(into: entries[before], state: "waiting")
        guard let index = index(number) else { return }
        entries[index].state = "ready"
        entries[index].runAt = instant
        entries[index].failures += failed ? 1 : 0
        (entries[index].worker, entries[index].leaseUntil) = (nil, nil)
    }

    mutating func fail(_ number: Int) {
        guard let before = index(number) else { return }
        absorb(into: entries[before], state: "parked")
        guard let index = index(number) else { return }
        entries[index].state = "parked"
        entries[index].failures += 1
        (entries[index].worker, entries[index].leaseUntil) = (nil, nil)
    }

    mutating func finish(_ number: Int) { entries.removeAll { $0.number == number } }

    mutating func promote(_ lane: String?, at now: Date) {
        guard lane != nil, !isOccupied(lane, by: ["ready", "running"]),
            let next = entries.firstIndex(where: { $0.lane == lane && $0.state == "waiting" })
        else { return }
        entries[next].state = "ready"
        entries[next].runAt = max(entries[next].runAt, now)
    }

    mutating func handBack(at now: Date, _ isLost: (Entry) -> Bool) {
        let lost = entries.filter { $0.state == "running" && isLost($0) }
        for entry in lost {
            absorb(into: entry, state: "waiting")
            guard let index = index(entry.number) else { continue }
            entries[index].state = "ready"
            entries[index].runAt = now
            entries[index].interrupted = true
            (entries[index].worker, entries[index].leaseUntil) = (nil, nil)
        }
    }
}

private struct Run {
    private static let workers = ["a", "b", "c"]
    private static let lease: TimeInterval = 30
    private let queue = JobQueue()
    private let database: Database
    private var dice: Dice
    private var model = Model()
    private var now = Date(timeIntervalSince1970: 1_790_000_000)
    private var latest = 0
    /// What workers believe to hold, also when it was taken from them.
    private var held: [ClaimedJob] = []
    private let background: QueueModelTests.Background
    private static let behind = 20_000

    init(_ database: Database, _ dice: Dice, _ background: QueueModelTests.Background) {
        (self.database, self.dice, self.background) = (database, dice, background)
    }

    mutating func go() async throws {
        try await fill()
        for step in 0..<150 {
            let what = try await self.step()
            try await compare("\(what), step \(step), seed \(dice.seed)")
        }
        // All that is left comes to its end, each once.
        for _ in 0..<400 where !model.entries.allSatisfy({ $0.state == "parked" }) {
            now += 61
            try await claim(limit: 5_000)
            try await settle(held, always: .done())
            held = []
            try await compare("the end, seed \(dice.seed)")
        }
        #expect(model.entries.allSatisfy { $0.state == "parked" })
        try await checkBackground()
    }

    // Behind what the run is about: not due yet, so that it is in the way of what looks for something, and nothing else.
    private func fill() async throws {
        guard background != .none else { return }
        let lane: SQL =
            background == .longLanes ? "'behind ' || (number % 48)" : "'behind ' || number"
        let state: SQL =
            background == .longLanes ? "CASE WHEN number < 48 THEN 'ready' ELSE 'waiting' END" : "'ready'"
        let later = now + 1_000_000
        try await database.write { db in
            try db.execute(
                """
                INSERT INTO jobs (kind, payload, lane, lane_group, state, run_at, created_at)
                WITH RECURSIVE numbers (number) AS (
                    SELECT 0 UNION ALL SELECT number + 1 FROM numbers WHERE number < \(Self.behind - 1))
                SELECT 'behind', '{}', \(lane), 'g0', \(state), \(later), 0 FROM numbers
                """)
        }
    }

    private func checkBackground() async throws {
        guard background != .none else { return }
        let untouched: Int = try await database.read { db in
            try db.first("SELECT COUNT(*) AS n FROM jobs WHERE kind = 'behind' AND fence = 0 AND failures = 0")?["n"]
                ?? 0
        }
        #expect(untouched == Self.behind)
    }

    private mutating func step() async throws -> String {
        if dice.happens(50) { now += Double(Int.random(in: 100...8_000, using: &dice)) / 1_000 }
        switch Int.random(in: 0..<100, using: &dice) {
        case 0..<35: return try await enqueue()
        case 35..<60: return try await claim(limit: Int.random(in: 1...8, using: &dice))
        case 60..<82:
            let count = Int.random(in: 1...6, using: &dice)
            let some = dice.some(count, of: held)
            held.removeAll { job in some.contains(job) }
            // Somebody who comes too late with what was settled already.
            if dice.happens(10) { held += some }
            return try await settle(some)
        case 82..<86:
            let (queue, now) = (queue, now)
            try await database.write { try queue.rescue(now: now, in: $0) }
            model.handBack(at: now) { $0.leaseUntil.map { now.isAfter($0) } ?? false }
            return "rescue"
        case 86..<90:
            let (queue, now, worker) = (queue, now, Self.workers.randomElement(using: &dice) ?? "a")
            try await database.write { try queue.handBack(worker: worker, now: now, in: $0) }
            model.handBack(at: now) { $0.worker == worker }
            return "\(worker) is gone"
        case 90..<94:
            let (queue, now, group) = (queue, now, Self.group(Int.random(in: 0..<3, using: &dice)))
            try await database.write { try queue.resume(laneGroup: group, now: now, in: $0) }
            if let until = model.pauses.removeValue(forKey: group) {
                for index in model.entries.indices
                where model.entries[index].group == group && model.entries[index].state == "ready"
                    && model.entries[index].runAt == until && until.isAfter(now)
                {
                    model.entries[index].runAt = now
                }
            }
            return "resume \(group)"
        default:
            // Those that hold what they believe to hold go on holding it.
            let (queue, now, worker) = (queue, now, Self.workers.randomElement(using: &dice) ?? "a")
            let ids = held.map(\.id)
            try await database.write { db in
                try queue.heartbeat(worker: worker, holding: ids, lease: .seconds(Self.lease), now: now, in: db)
            }
            for job in held {
                guard let number = Int(job.payload), let index = model.index(number),
                    model.entries[index].worker == worker
                else { continue }
                model.entries[index].leaseUntil = now + Self.lease
            }
            return "\(worker) lives"
        }
    }

    private static func group(_ number: Int) -> String { "g\(number)" }

    private mutating func new() -> (NewJob, Model.Entry) {
        latest += 1
        // A lane is in one group, and its jobs are of one kind.
        let place = Int.random(in: 0..<10, using: &dice)
        let lane = place == 9 ? nil : "lane \(place)"
        let coalesces = lane != nil && place < 4
        let runAt = dice.happens(80) ? now : now + Double(Int.random(in: 0...20_000, using: &dice)) / 1_000
        let priority: JobPriority = dice.happens(10) ? .prompt : .usual
        let job = NewJob(
            kind: .init(rawValue: "test"), payload: "\(latest)", lane: lane, laneGroup: Self.group(place % 3),
            coalesces: coalesces, priority: priority, runAt: runAt)
        return (
            job,
            Model.Entry(
                number: latest, lane: lane, group: Self.group(place % 3), coalesces: coalesces, priority: priority,
                state: "", runAt: runAt)
        )
    }

    private mutating func enqueue() async throws -> String {
        let new = (0..<Int.random(in: 1...70, using: &dice)).map { _ in self.new() }
        try await enqueue(new)
        return "enqueue \(new.count)"
    }

    private mutating func enqueue(_ new: [(NewJob, Model.Entry)]) async throws {
        let (queue, now, jobs) = (queue, now, new.map(\.0))
        try await database.write { try queue.enqueue(jobs, now: now, in: $0) }
        // Within one call the first of those that absorb each other stays as it is.
        var seen: Set<String> = []
        for (_, entry) in new where !entry.coalesces || seen.insert(entry.lane ?? "").inserted { model.enqueue(entry) }
    }

    @discardableResult
    private mutating func claim(limit: Int) async throws -> String {
        let (queue, now, worker) = (queue, now, Self.workers.randomElement(using: &dice) ?? "a")
        let due = model.due(at: now)
        let claim = try await database.write { db in
            try queue.claim(worker: worker, limit: limit, lease: .seconds(Self.lease), now: now, in: db)
        }
        let numbers = claim.jobs.compactMap { Int($0.payload) }
        #expect(Set(numbers).count == numbers.count, "seed \(dice.seed)")
        #expect(Set(numbers).isSubset(of: due), "seed \(dice.seed)")
        #expect(numbers.count <= limit, "seed \(dice.seed)")
        #expect((due.isEmpty || !numbers.isEmpty), "seed \(dice.seed)")
        if numbers.count < due.count { #expect(claim.areMore, "seed \(dice.seed)") }
        // What somebody waits for goes first, and leaves places to others.
        let prompt = Set(model.entries.filter { $0.priority == .prompt }.map(\.number)).intersection(due)
        let usual = due.subtracting(prompt)
        if limit > 1 {
            #expect(prompt.isEmpty || !prompt.isDisjoint(with: numbers), "seed \(dice.seed)")
            #expect(usual.isEmpty || !usual.isDisjoint(with: numbers), "seed \(dice.seed)")
        }
        for job in claim.jobs {
            guard let number = Int(job.payload) else { continue }
            model.claim(number, by: worker, until: now + Self.lease)
        }
        held += claim.jobs
        return "\(worker) claims \(numbers)"
    }

    private enum End: CaseIterable {
        case done, followed, retry, exhausted, pause, wait, fail
    }

    @discardableResult
    private mutating func settle(_ jobs: [ClaimedJob], always: JobOutcome? = nil) async throws -> String {
        var settlements: [JobQueue.Settlement] = []
        var (ends, following): ([(ClaimedJob, End)], [(NewJob, Model.Entry)]) = ([], [])
        for job in jobs {
            let end = always == nil && dice.happens(50) ? End.allCases.randomElement(using: &dice) ?? .done : .done
            var (outcome, schedule) = (JobOutcome.done(), RetrySchedule([.seconds(3), .seconds(5), .seconds(7)]))
            switch end {
            case .done: break
            case .followed:
                let new = self.new()
                if model.index(Int(job.payload) ?? 0).map({ model.entries[$0].fence == job.fence }) ?? false,
                    isRunning(job)
                {
                    following.append(new)
                }
                outcome = .followed { _ in [new.0] }
            case .retry: outcome = .retry("no")
            case .exhausted: (outcome, schedule) = (.retry("no"), RetrySchedule([]))
            case .pause: outcome = .pause("closed", for: .seconds(9))
            case .wait: outcome = .wait("not yet", for: .seconds(4))
            case .fail: outcome = .fail("no")
            }
            ends.append((job, end))
            settlements.append(.init(job: job, outcome: outcome, schedule: schedule, jitter: 0))
        }
        let (queue, now, given) = (queue, now, settlements)
        let lost = try await database.write { try queue.settle(given, now: now, in: $0) }
        #expect(Set(lost) == Set(jobs.filter { !isRunning($0) }.map(\.id)), "seed \(dice.seed)")
        var freed: [String?] = []
        for (job, end) in ends where isRunning(job) {
            guard let number = Int(job.payload), let index = model.index(number) else { continue }
            let entry = model.entries[index]
            let delays = [3.0, 5, 7]
            switch end {
            case .done, .followed:
                model.entries[index].state = "finished"
                freed.append(entry.lane)
            case .retry where entry.failures < delays.count:
                model.release(number, at: now + delays[entry.failures], failed: true)
            case .retry, .exhausted, .fail:
                model.fail(number)
                freed.append(entry.lane)
            case .pause:
                let present = model.pauses[entry.group]
                let until = present.map { $0.isAfter(now + 8) ? $0 : now + 9 } ?? now + 9
                model.pauses[entry.group] = until
                model.release(number, at: until, failed: false)
            case .wait: model.release(number, at: now + 4, failed: false)
            }
        }
        model.entries.removeAll { $0.state == "finished" }
        for lane in freed { model.promote(lane, at: now) }
        var seen: Set<String> = []
        for (_, entry) in following where !entry.coalesces || seen.insert(entry.lane ?? "").inserted {
            model.enqueue(entry)
        }
        return "settle \(ends.map { "\($0.0.payload) \($0.1)" })"
    }

    private func isRunning(_ job: ClaimedJob) -> Bool {
        model.entries.contains { "\($0.number)" == job.payload && $0.state == "running" && $0.fence == job.fence }
    }

    private func compare(_ what: String) async throws {
        let stored = try await database.read { db in
            try db.all(
                """
                SELECT payload, lane, lane_group, coalesces, priority, state, run_at, failures, fence, interrupted, worker, lease_until
                FROM jobs WHERE kind = 'test' ORDER BY id
                """
            ).map { row -> Model.Entry in
                let payload: String = try row["payload"]
                return Model.Entry(
                    number: Int(payload) ?? 0, lane: try row["lane"], group: try row["lane_group"] ?? "",
                    coalesces: try row["coalesces"], priority: try row["priority"], state: try row["state"],
                    runAt: try row["run_at"],
                    failures: try row["failures"], fence: try row["fence"], interrupted: try row["interrupted"],
                    worker: try row["worker"], leaseUntil: try row["lease_until"])
            }
        }
        let difference = zip(stored, model.entries).first { $0.inMilliseconds != $1.inMilliseconds }
        try #require(
            stored.count == model.entries.count,
            "\(what): \(stored.count) and \(model.entries.count), \(String(describing: difference))")
        try #require(
            difference == nil,
            "\(what): \(stored.count) and \(model.entries.count), \(String(describing: difference))")
    }
}

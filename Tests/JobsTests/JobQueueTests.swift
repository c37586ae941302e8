import Database
import Foundation
import TestSupport
import Testing

@testable import Jobs

let schema = JobQueue.migrations
let start = Date(timeIntervalSince1970: 1_790_000_000)
let kind = JobKind(rawValue: "test")

func job(
    _ payload: String = "{}", lane: String? = nil, group: String? = nil, coalesces: Bool = false,
    priority: JobPriority = .usual, at: Date = start
) -> NewJob {
    NewJob(
        kind: kind, payload: payload, lane: lane, laneGroup: group, coalesces: coalesces, priority: priority, runAt: at)
}

@Suite("The durable queue")
struct JobQueueTests {
    let queue = JobQueue()

    private func claim(_ database: Database, _ worker: String = "w", at: Date = start) async throws -> [ClaimedJob] {
        try await database.write { [queue] db in
            try queue.claim(worker: worker, limit: 100, lease: .seconds(30), now: at, in: db).jobs
        }
    }

    private func enqueue(_ database: Database, _ jobs: [NewJob], at: Date = start) async throws {
        try await database.write { [queue] in try queue.enqueue(jobs, now: at, in: $0) }
    }

    private func counts(_ database: Database) async throws -> JobCounts {
        try await database.read { [queue] in try queue.counts(in: $0) }
    }

    @Test("A transaction that fails enqueues nothing", arguments: TestDatabase.engines)
    func outbox(engine: Engine) async throws {
        struct Stop: Error {}
        try await TestDatabase.with(engine, migrations: schema) { database in
            await #expect(throws: Stop.self) {
                try await database.write { [queue] db in
                    try queue.enqueue([job()], now: start, in: db)
                    throw Stop()
                }
            }
            try await #expect(counts(database) == JobCounts())
        }
    }

    @Test("Promoting in lanes of hundreds takes no longer than in short ones", arguments: TestDatabase.engines)
    func promoting(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: schema) { database in
            let lanes = (0..<48).map { "lane \($0)" }
            try await database.write { db in
                try db.execute(
                    """
                    WITH RECURSIVE n (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 23999)
                    INSERT INTO jobs (kind, payload, lane, state, run_at, created_at)
                    SELECT 'test', '{}', 'lane ' || CAST(i % 48 AS TEXT), 'waiting', 0, 0 FROM n
                    """)
            }
            // It took over half a minute when each lane was looked for among all jobs.
            let began = ContinuousClock.now
            try await database.write { [queue] db in try queue.promote(lanes + lanes, now: start, in: db) }
            #expect(ContinuousClock.now - began < .seconds(3))
            let heads = try await database.read { db in
                try db.all("SELECT id FROM jobs WHERE state = 'ready' ORDER BY id").map { row -> Int in try row["id"] }
            }
            #expect(heads == Array(1...48))
            try await database.write { [queue] db in try queue.promote(lanes, now: start, in: db) }
            try await #expect(counts(database).ready == 48)
        }
    }

    @Test("Due jobs come oldest first, later ones not yet, each to one worker only", arguments: TestDatabase.engines)
    func claiming(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: schema) { database in
            try await enqueue(database, (0..<150).map { job("\($0)") } + [job("later", at: start + 60)])
            async let first = claim(database, "a")
            async let second = claim(database, "b")
            let taken = try await first + second
            #expect(taken.count == 150)
            #expect(Set(taken.map(\.payload)).count == 150)
            try await #expect(claim(database, at: start + 59).isEmpty)
            try await #expect(claim(database, at: start + 60).map(\.payload) == ["later"])
        }
    }

    @Test(
        "What is to run now is due now, in the same transaction, to the fraction of a millisecond",
        arguments: TestDatabase.engines)
    func dueNow(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: schema) { database in
            for fraction in [0, 0.000_2, 0.000_499, 0.000_5, 0.000_7, 0.000_999] {
                let now = start + 1.234 + fraction
                let claimed = try await database.write { [queue] db in
                    try queue.enqueue([job(at: now)], now: now, in: db)
                    return try queue.claim(worker: "w", limit: 100, lease: .seconds(30), now: now, in: db)
                }
                #expect(claimed.jobs.count == 1, "\(fraction)")
            }
        }
    }

    @Test("One lane: one at a time, in order; other lanes continue", arguments: TestDatabase.engines)
    func lanes(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: schema) { database in
            try await enqueue(database, [job("a1", lane: "a"), job("a2", lane: "a"), job("b1", lane: "b")])
            try await enqueue(database, [job("a3", lane: "a")])
            var order: [String] = []
            while case let claimed = try await claim(database), !claimed.isEmpty {
                #expect(Set(claimed.map(\.lane)).count == claimed.count)
                order += claimed.map(\.payload)
                try await settle(database, claimed.map { ($0, .done()) })
            }
            #expect(order.filter { $0.hasPrefix("a") } == ["a1", "a2", "a3"])
            #expect(order.contains("b1"))
            try await #expect(counts(database) == JobCounts())
        }
    }

    @Test("A waiting job absorbs its like; a running one is followed by exactly one", arguments: TestDatabase.engines)
    func coalescing(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: schema) { database in
            let refresh = job(lane: "ticket", coalesces: true)
            try await enqueue(database, [refresh, refresh])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 { group.addTask { try await enqueue(database, [refresh]) } }
                try await group.waitForAll()
            }
            try await #expect(counts(database) == JobCounts(ready: 1))
            let running = try await claim(database)
            #expect(running.count == 1)
            for _ in 0..<5 { try await enqueue(database, [refresh, refresh]) }
            try await #expect(counts(database) == JobCounts(waiting: 1, running: 1))
            try await settle(database, running.map { ($0, .done()) })
            try await #expect(counts(database) == JobCounts(ready: 1))
        }
    }

    @Test("A new trigger brings a job forward that waits for its next try", arguments: TestDatabase.engines)
    func broughtForward(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: schema) { database in
            let refresh = job(lane: "ticket", coalesces: true)
            try await enqueue(database, [refresh])
            try await settle(database, try await claim(database).map { ($0, .retry("no")) })
            try await #expect(claim(database).isEmpty)
            try await enqueue(database, [job(lane: "ticket", coalesces: true, at: start + 1)])
            let again = try await claim(database, at: start + 1)
            #expect(again.map(\.failures) == [1])
        }
    }

    @Test("What ended later takes effect later, findings among effects too", arguments: TestDatabase.engines)
    func orderOfEffects(engine: Engine) async throws {
        struct Step: JobFinding {
            static let mayBeFollowed = false
            let what: String

            static func store(_ findings: [Step], in db: Connection) throws -> [NewJob] {
                try db.execute("INSERT INTO steps (what) VALUES (\(findings.map(\.what).joined(separator: "+")))")
                return []
            }
        }
        func effect(_ what: String) -> JobEffect { { try $0.execute("INSERT INTO steps (what) VALUES (\(what))") } }
        try await TestDatabase.with(engine, migrations: schema) { database in
            _ = try await database.write {
                try $0.execute("CREATE TABLE steps (id \(SQL.primaryKey), what TEXT NOT NULL)")
            }
            try await enqueue(database, (1...8).map { job("\($0)") })
            let outcomes: [JobOutcome] = [
                .found(Step(what: "a")), .done(), .found(Step(what: "b")),
                .pause("no", for: .seconds(1), effect: effect("c")),
                .found(Step(what: "d")), .done(effect("e")), .found(Step(what: "f")), .found(Step(what: "g")),
            ]
            let claimed = try await claim(database)
            _ = try await settle(database, Array(zip(claimed, outcomes)))
            let steps = try await database.read { db in
                try db.all("SELECT what FROM steps ORDER BY id").map { row -> String in try row["what"] }
            }
            #expect(steps == ["a+b", "c", "d", "e", "f+g"])
        }
    }

    /// Remembers what was stored together.
    private struct Found: JobFinding {
        static let mayBeFollowed = true
        let what: String

        static func store(_ findings: [Found], in db: Connection) throws -> [NewJob] {
            [job(findings.map(\.what).sorted().joined(separator: " "), lane: "after")]
        }
    }

    @Test(
        "What jobs found is stored in one go, without what was lost to another worker", arguments: TestDatabase.engines)
    func findings(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: schema) { database in
            try await enqueue(database, ["a", "b", "c", "d"].map { job($0) })
            let claimed = try await claim(database)
            try await database.write { try $0.execute("UPDATE jobs SET fence = fence + 1 WHERE payload = 'c'") }
            let lost = try await settle(
                database, claimed.map { ($0, $0.payload == "d" ? .done() : .found(Found(what: $0.payload))) })
            #expect(lost.count == 1)
            try await #expect(claim(database).map(\.payload) == ["a b"])
            try await #expect(counts(database) == JobCounts(running: 2))
        }
    }

    @Test("A retry swallows what had gathered behind it", arguments: TestDatabase.engines)
    func retryAbsorbs(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: schema) { database in
            let refresh = job(lane: "ticket", coalesces: true)
            try await enqueue(database, [refresh])
            let running = try await claim(database)
            try await enqueue(database, [refresh])
            try await settle(database, running.map { ($0, .retry("no")) })
            try await #expect(counts(database) == JobCounts(ready: 1))
        }
    }

    @Test(
        "One that absorbs others lies in the parking lot once, however often it is given up",
        arguments: TestDatabase.engines)
    func failedOnce(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: schema) { database in
            for reason in ["first", "second"] {
                var absorbing = job(lane: "l")
                absorbing.coalesces = true
                try await enqueue(database, [absorbing, job("other", lane: "m")])
                try await settle(database, claim(database).map { ($0, .fail(reason)) })
            }
            let failed = try await database.read { try queue.failed(limit: 10, in: $0) }
            #expect(failed.map(\.lastError).sorted { ($0 ?? "") < ($1 ?? "") } == ["first", "second", "second"])
        }
    }

    @Test(
        "Retries follow the schedule and end in the parking lot, from where a person sends them again",
        arguments: TestDatabase.engines)
    func retries(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: schema) { database in
            try await database.write { try $0.execute("CREATE TABLE effects (what TEXT)") }
            try await enqueue(database, [job(lane: "l"), job("next", lane: "l")])
            let schedule = RetrySchedule([.seconds(10), .seconds(20)])
            var now = start
            for wait in [10.0, 20.0] {
                let claimed = try await claim(database, at: now)
                #expect(claimed.count == 1)
                try await settle(
                    database,
                    claimed.map {
                        ($0, .retry("no", effect: { try $0.execute("INSERT INTO effects VALUES ('failed')") }))
                    },
                    schedule: schedule, at: now)
                try await #expect(claim(database, at: now + wait - 0.1).isEmpty)
                now += wait + 1
            }
            let last = try await claim(database, at: now)
            try await settle(
                database,
                last.map {
                    ($0, .retry("no", exhausted: { try $0.execute("INSERT INTO effects VALUES ('gave up')") }))
                }, schedule: schedule, at: now)
            try await #expect(counts(database) == JobCounts(ready: 1, failed: 1))
            let effects = try await database.read {
                try $0.all("SELECT what FROM effects").map { try $0["what"] as String }
            }
            #expect(effects == ["failed", "failed", "gave up"])

            try await database.write { [queue, now] db in
                let failed = try queue.failed(limit: 10, in: db)
                #expect(failed.map(\.lastError) == ["no"])
                try #expect(queue.retry(failed.map(\.id), now: now, in: db) == 1)
            }
            try await #expect(counts(database) == JobCounts(ready: 1, waiting: 1))
        }
    }

    @Test("What waits for its time is no failure and holds up only its lane", arguments: TestDatabase.engines)
    func waiting(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: schema) { database in
            try await enqueue(database, [job(lane: "l", group: "g")])
            let claimed = try await claim(database)
            _ = try await settle(database, claimed.map { ($0, .wait("not yet", for: .seconds(60))) })
            try await enqueue(database, [job(lane: "l", group: "g"), job(lane: "m", group: "g")])
            try await #expect(claim(database).map(\.lane) == ["m"])
            let again = try await claim(database, at: start + 61)
            #expect(again.map(\.id) == claimed.map(\.id))
            #expect(again.map(\.failures) == [0])
        }
    }

    @Test("A worker that lost its lease cannot write", arguments: TestDatabase.engines)
    func fencing(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: schema) { database in
            try await database.write { try $0.execute("CREATE TABLE effects (what TEXT)") }
            try await enqueue(database, [job(lane: "l", coalesces: true)])
            let slow = try await claim(database, "slow")
            try await enqueue(database, [job(lane: "l", coalesces: true)])
            let rescued = try await database.write { [queue] in try queue.rescue(now: start + 29, in: $0) }
            #expect(rescued == 0)
            let later = try await database.write { [queue] in try queue.rescue(now: start + 31, in: $0) }
            #expect(later == 1)
            try await #expect(counts(database) == JobCounts(ready: 1))
            let quick = try await claim(database, "quick", at: start + 31)
            #expect(quick.map(\.interrupted) == [true])
            let held = try await database.write { db in try (slow + quick).map { try $0.isHeld(in: db) } }
            #expect(held == [false, true])
            let lost = try await settle(
                database, slow.map { ($0, .done { try $0.execute("INSERT INTO effects VALUES ('stale')") }) })
            #expect(lost == slow.map(\.id))
            let count = try await database.read { try $0.all("SELECT * FROM effects").count }
            #expect(count == 0)
            try await #expect(settle(database, quick.map { ($0, .done()) }).isEmpty)
            try await #expect(counts(database) == JobCounts())
        }
    }

    @Test("Heartbeats keep a lease; a stop hands jobs back at once", arguments: TestDatabase.engines)
    func heartbeat(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: schema) { database in
            try await enqueue(database, [job()])
            let held = try await claim(database, "w").map(\.id)
            try await database.write { [queue] db in
                try queue.heartbeat(worker: "w", holding: held, lease: .seconds(30), now: start + 20, in: db)
                try #expect(queue.rescue(now: start + 45, in: db) == 0)
                try queue.handBack(worker: "w", now: start + 46, in: db)
            }
            try await #expect(claim(database, "x", at: start + 46).map(\.interrupted) == [true])
        }
    }

    @Test(
        "A paused group waits as a whole, others continue, resuming frees it at once", arguments: TestDatabase.engines)
    func pausing(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: schema) { database in
            try await enqueue(
                database,
                [job("p1", lane: "p1", group: "p"), job("p2", lane: "p2", group: "p"), job("q", lane: "q", group: "q")])
            let claimed = try await claim(database)
            try await settle(
                database,
                claimed.compactMap { $0.payload == "p1" ? ($0, .pause("401", for: .seconds(300))) : nil })
            try await settle(database, claimed.compactMap { $0.payload == "p1" ? nil : ($0, .retry("no")) })
            try await enqueue(database, [job("p3", lane: "p3", group: "p"), job("r", lane: "r", group: "r")])
            try await #expect(claim(database, at: start + 200).map(\.payload).sorted() == ["q", "r"])
            try await #expect(claim(database, at: start + 299).isEmpty)
            let paused = try await database.read { [queue] in
                try queue.pause(ofLaneGroup: "p", now: start + 200, in: $0)?.reason
            }
            #expect(paused == "401")
            try await database.write { [queue] in try queue.resume(laneGroup: "p", now: start + 200, in: $0) }
            let freed = try await claim(database, at: start + 200)
            // A pause is no failure; p2 had failed before.
            #expect(freed.map { "\($0.payload) \($0.failures)" }.sorted() == ["p1 0", "p2 1", "p3 0"])
        }
    }

    @Test("Jobs waiting behind another one continue with it after a pause", arguments: TestDatabase.engines)
    func behindPaused(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: schema) { database in
            try await enqueue(database, [job("first", lane: "l", group: "p")])
            try await settle(database, claim(database).map { ($0, .pause("401", for: .seconds(300))) })
            try await enqueue(database, [job("second", lane: "l", group: "p")])
            try await database.write { [queue] in try queue.resume(laneGroup: "p", now: start + 10, in: $0) }
            let freed = try await claim(database, at: start + 10)
            #expect(freed.map(\.payload) == ["first"])
            try await settle(database, freed.map { ($0, .done()) })
            try await #expect(claim(database, at: start + 10).map(\.payload) == ["second"])
        }
    }

    @Test("Where there is room for one job, each group gets its turn", arguments: TestDatabase.engines)
    func turns(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: schema) { database in
            try await database.write { db in
                let jobs = (0..<300).map { number in
                    NewJob(
                        kind: .init(rawValue: "test"), payload: "{}", lane: "lane \(number)",
                        laneGroup: "group \(number % 3)", runAt: start)
                }
                try queue.enqueue(jobs, now: start, in: db)
            }
            var groups: Set<String> = []
            for _ in 0..<60 {
                groups.formUnion(
                    try await database.write { db in
                        try queue.claim(worker: "w", limit: 1, lease: .seconds(30), now: start, in: db).jobs
                    }.compactMap(\.laneGroup))
            }
            #expect(groups.count == 3)
        }
    }

    @Test("A job that was cut off stays marked until it is done, whatever else fails", arguments: TestDatabase.engines)
    func staysInterrupted(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: schema) { database in
            func claim(at instant: Date) async throws -> [ClaimedJob] {
                try await database.write { db in
                    try queue.claim(worker: "w", limit: 9, lease: .seconds(30), now: instant, in: db).jobs
                }
            }
            try await database.write { db in
                try queue.enqueue(
                    [NewJob(kind: .init(rawValue: "test"), payload: "1", runAt: start)], now: start, in: db)
            }
            _ = try await claim(at: start)
            try await database.write { try queue.handBack(worker: "w", now: start, in: $0) }
            let outcomes: [JobOutcome] = [
                .retry("no database", after: .seconds(1)), .wait("not yet", for: .seconds(1)),
                .pause("closed", for: .seconds(1)),
            ]
            for (number, outcome) in outcomes.enumerated() {
                let at = start + Double(number) * 100
                let job = try #require(try await claim(at: at).first)
                #expect(job.interrupted)
                _ = try await database.write { db in
                    try queue.settle(
                        [.init(job: job, outcome: outcome, schedule: .inbound, jitter: 0)], now: at, in: db)
                }
            }
            try await #expect(claim(at: start + 1_000).map(\.interrupted) == [true])
        }
    }

    @Test("What another worker took over is not handed back by the one that missed it", arguments: TestDatabase.engines)
    func missedByAnother(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: schema) { database in
            try await database.write { db in
                let jobs = (0..<3).map { NewJob(kind: .init(rawValue: "test"), payload: "\($0)", runAt: start) }
                try queue.enqueue(jobs, now: start, in: db)
                let mine = try queue.claim(worker: "a", limit: 2, lease: .seconds(30), now: start, in: db).jobs
                _ = try queue.claim(worker: "b", limit: 1, lease: .seconds(30), now: start, in: db)
                try #expect(queue.handBack(worker: "a", except: [mine[0].id], now: start, in: db) == 1)
                let again = try queue.claim(worker: "c", limit: 9, lease: .seconds(30), now: start, in: db).jobs
                #expect(again.map(\.id) == [mine[1].id])
                #expect(again.allSatisfy { !$0.interrupted })
            }
        }
    }

    @Test("Jobs with a waiting user are claimed first, whenever the rest became ready", arguments: TestDatabase.engines)
    func priority(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: schema) { database in
            let claimed = try await database.write { [queue] db in
                try queue.enqueue((0..<5).map { _ in job(at: start - 3_000) }, now: start - 3_000, in: db)
                try queue.enqueue([job("1", priority: .prompt)], now: start, in: db)
                try queue.enqueue([job("2", priority: .prompt, at: start + 5)], now: start, in: db)
                return try queue.claim(worker: "w", limit: 2, lease: .seconds(30), now: start, in: db).jobs
            }
            // Half of the places are for the rest.
            #expect(Set(claimed.map(\.payload)) == ["1", "{}"])
        }
    }

    @Test(
        "A queue without workers is detected after a while, but not while there is much to do",
        arguments: TestDatabase.engines)
    func neglect(engine: Engine) async throws {
        func neglected(_ database: Database, at instant: Date) async throws -> Date? {
            try await database.read { [queue] db in try queue.neglected(for: .seconds(60), now: instant, in: db) }
        }
        try await TestDatabase.with(engine, migrations: schema) { database in
            #expect(try await neglected(database, at: start) == nil)
            try await database.write { [queue] db in
                try queue.enqueue([job(lane: "a"), job(lane: "a"), job()], now: start, in: db)
                try queue.enqueue([job(at: start + 500)], now: start, in: db)
            }
            #expect(try await neglected(database, at: start + 59) == nil)
            #expect(try await neglected(database, at: start + 61) == start)
            // Somebody is at work on another.
            let mine = try await database.write { [queue] db in
                try queue.claim(worker: "w", limit: 2, lease: .seconds(90), now: start + 70, in: db).jobs
            }
            #expect(mine.count == 2)
            #expect(try await neglected(database, at: start + 150) == nil)
            // Whoever ends nothing for a quarter of an hour hangs.
            try await database.write { [queue] db in
                try queue.heartbeat(
                    worker: "w", holding: mine.map(\.id), lease: .seconds(3_000), now: start + 140, in: db)
            }
            #expect(try await neglected(database, at: start + 500 + 899) == nil)
            #expect(try await neglected(database, at: start + 500 + 901) == start + 500)
            // What comes next in a lane could not run before.
            try await settle(database, mine.map { ($0, .done()) }, at: start + 155)
            #expect(try await neglected(database, at: start + 214) == nil)
            #expect(try await neglected(database, at: start + 216) == start + 155)
        }
    }

    @Test("Queries of the hot path use their indexes", arguments: [Engine.sqlite])
    func plans(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: schema) { database in
            let plans = try await database.read { db in
                try [
                    """
                    SELECT id, run_at FROM jobs WHERE state = 'ready' AND lane_group = 'x' AND priority = 1
                        AND run_at <= 1
                    ORDER BY lane_group, priority, run_at, id LIMIT 10
                    """,
                    JobGroup.query(at: start),
                    "SELECT 1 FROM jobs j WHERE j.lane = 'x' AND j.state IN ('ready', 'waiting', 'running')",
                    "SELECT id FROM jobs WHERE state = 'running' AND lease_until < 1",
                    "SELECT id FROM jobs WHERE lane_group = 'x' AND priority IN (0, 1) AND state = 'ready' AND run_at < 1",
                    "SELECT 1 FROM job_history WHERE finished_at > 1 LIMIT 1",
                    "SELECT id FROM job_history WHERE finished_at < 1 ORDER BY finished_at LIMIT 10",
                ].map { (query: SQL) in
                    try db.all("EXPLAIN QUERY PLAN " + query).map { try $0["detail"] as String }.joined(separator: "; ")
                }
            }
            for plan in plans {
                #expect(plan.contains("SEARCH"), "\(plan)")
                #expect(!plan.contains("TEMP B-TREE"), "\(plan)")
            }
        }
    }
}

extension JobQueueTests {
    @discardableResult
    private func settle(
        _ database: Database, _ outcomes: [(ClaimedJob, JobOutcome)], schedule: RetrySchedule = .inbound,
        at: Date = start
    ) async throws -> [ClaimedJob.ID] {
        try await database.write { [queue] db in
            try queue.settle(
                outcomes.map { .init(job: $0.0, outcome: $0.1, schedule: schedule, jitter: 0) }, now: at, in: db)
        }
    }
}

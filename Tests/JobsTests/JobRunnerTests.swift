import Database
import Foundation
import Logging
import ServiceLifecycle
import TestSupport
import Testing

@testable import Jobs

@Suite("The runner")
struct JobRunnerTests {
    /// Does what its payload says and keeps a record of it.
    struct Obedient: JobHandler {
        /// Stored with those of other jobs.
        struct Finding: JobFinding {
            static let mayBeFollowed = true
            let what: String

            static func store(_ findings: [Finding], in db: Connection) throws -> [NewJob] {
                for finding in findings {
                    if finding.what == "find badly" { try db.execute("INSERT INTO nowhere VALUES (1)") }
                    let text = "\(finding.what) with \(findings.count - 1) others"
                    try db.execute("INSERT INTO effects VALUES (\(text))")
                }
                return try [Obedient.job("follow \(findings.count)", runAt: Date())]
            }
        }

        static let kind = JobKind(rawValue: "obedient")
        let schedule = RetrySchedule([.zero, .zero])
        let ran = MutexBox<[String]>([])
        let hold = MutexBox(false)

        func run(_ payload: String, of job: ClaimedJob) async -> JobOutcome {
            ran.change { $0.append(payload) }
            while hold.value {
                do { try await Task.sleep(for: .milliseconds(5)) } catch { return .retry("cancelled") }
            }
            switch payload {
            case "fail once" where job.failures == 0: return .retry("asked to")
            case "fail": return .retry("asked to")
            case "find", "find badly": return .found(Finding(what: payload))
            case "bad effect": return .done { try $0.execute("INSERT INTO nowhere VALUES (1)") }
            default: return .done { try $0.execute("INSERT INTO effects VALUES (\(payload))") }
            }
        }
    }

    private func withRunner(
        _ engine: Engine, adjusted: (inout JobRunner.Options) -> Void = { _ in },
        _ body: (Database, Obedient, ServiceGroup) async throws -> Void
    ) async throws {
        try await TestDatabase.with(engine, migrations: schema) { database in
            try await database.write { try $0.execute("CREATE TABLE effects (what TEXT)") }
            let handler = Obedient()
            var options = JobRunner.Options()
            options.grace = .milliseconds(200)
            adjusted(&options)
            let runner = JobRunner(
                database: database, queue: JobQueue(), handlers: [handler], options: options, logger: quiet)
            let group = ServiceGroup(
                configuration: .init(services: [runner], gracefulShutdownSignals: [], logger: quiet))
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                do {
                    try await body(database, handler, group)
                } catch {
                    await group.triggerGracefulShutdown()
                    throw error
                }
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
        }
    }

    private let quiet = {
        var logger = TestDatabase.logger
        logger.logLevel = .critical
        return logger
    }()

    private func enqueue(_ database: Database, _ payloads: [String], lane: String? = nil) async throws {
        try await database.write { db in
            let jobs = try payloads.map { try Obedient.job($0, lane: lane, runAt: Date()) }
            try JobQueue().enqueue(jobs, now: Date(), in: db)
        }
    }

    @Test(
        "What a job found that cannot be stored spoils nothing of others", arguments: TestDatabase.engines)
    func findings(engine: Engine) async throws {
        try await withRunner(engine) { database, handler, _ in
            func effects() async throws -> [String] {
                try await database.read { db in
                    try db.all("SELECT what FROM effects ORDER BY what").map { row -> String in try row["what"] }
                }
            }
            handler.hold.change { $0 = true }
            try await enqueue(database, ["find", "find badly", "a"])
            try await eventually("all to run") { handler.ran.value.count == 3 }
            handler.hold.change { $0 = false }
            // The bad one spoils none of the others, whether or not it was in one batch with them.
            try await eventually("the others to be done") {
                try await Set(effects()).isSuperset(of: ["a", "find with 0 others", "follow 1"])
            }
            try await eventually("the bad one to be given up") {
                try await database.read { try JobQueue().counts(in: $0) } == JobCounts(failed: 1)
            }
            try await #expect(effects() == ["a", "find with 0 others", "follow 1"])
        }
    }

    @Test("A server not seen for three seconds is gone; one seen since is not")
    func absences() {
        var absences = Absences(patience: .seconds(3))
        let start = ContinuousClock.now
        #expect(absences.gone(of: ["a", "b"], at: start).isEmpty)
        #expect(absences.gone(of: ["a"], at: start + .seconds(2)).isEmpty)
        #expect(absences.gone(of: ["a", "b"], at: start + .seconds(3)) == ["a"])
        #expect(absences.gone(of: ["a", "b"], at: start + .seconds(5)) == ["a"])
        #expect(absences.gone(of: ["a", "b"], at: start + .seconds(6)) == ["a", "b"])
    }

    @Test("Jobs of a worker that is gone are taken over within five seconds, those of one that is there are not")
    func gone() async throws {
        try await TestDatabase.withAddress(.postgres, migrations: schema) { address in
            let open = { try await Database.open(address, connections: 2, logger: TestDatabase.logger) }
            let (database, other) = (try await open(), try await open())
            try await database.write { try $0.execute("CREATE TABLE effects (what TEXT)") }
            // Other tests use the same server.
            let there = "there \(UInt64.random(in: 0...UInt64.max))"
            other.appear(as: there)
            try await enqueue(database, ["of there"], lane: "1")
            func claim(_ worker: String) async throws {
                try await database.write { db in
                    let now = Date()
                    _ = try JobQueue().claim(worker: worker, limit: 10, lease: .seconds(600), now: now, in: db)
                }
            }
            try await claim(there)
            try await enqueue(database, ["of gone"], lane: "2")
            try await claim("gone")
            let (handler, start) = (Obedient(), ContinuousClock.now)
            let runner = JobRunner(database: database, queue: JobQueue(), handlers: [handler], logger: quiet)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await runner.run() }
                while handler.ran.value.isEmpty, .now - start < .seconds(20) {
                    try await Task.sleep(for: .milliseconds(20))
                }
                #expect((.seconds(3)..<(.seconds(6))).contains(.now - start))
                // A connection that was only cut is there again in time.
                try await database.write { db in
                    try db.execute(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted
                            AND ((classid::bigint << 32) | objid::bigint) = hashtextextended('patchbay ' || \(there), 23)
                        """)
                }
                try await Task.sleep(for: .seconds(6))
                #expect(handler.ran.value == ["of gone"])
                tasks.cancelAll()
                while case .some = await tasks.nextResult() {}
            }
            await database.close()
            await other.close()
        }
    }

    /// When the lease of the job that was enqueued first ends.
    private func lease(_ database: Database) async throws -> Date {
        try await database.read { db in
            try db.first("SELECT lease_until FROM jobs WHERE state = 'running' ORDER BY id LIMIT 1")?["lease_until"]
                ?? .distantPast
        }
    }

    private func counts(_ database: Database) async throws -> JobCounts {
        try await database.read { try JobQueue().counts(in: $0) }
    }

    @Test("A kind that this program does not know waits for a newer one", arguments: TestDatabase.engines)
    func unknownKind(engine: Engine) async throws {
        try await withRunner(engine) { database, _, _ in
            try await database.write { db in
                try JobQueue().enqueue(
                    [NewJob(kind: JobKind(rawValue: "of_tomorrow"), payload: "{}", runAt: Date())], now: Date(), in: db)
            }
            // Not exactly once: who is held up for two seconds sees the next try as well.
            try await eventually("it to be tried, and to wait") {
                let failures: Int? = try await database.read { try $0.first("SELECT failures FROM jobs")?["failures"] }
                let counts = try await counts(database)
                return (failures ?? 0) >= 1 && counts == JobCounts(ready: 1)
            }
        }
    }

    @Test("Runs what is enqueued, retries what fails, fails what keeps failing", arguments: TestDatabase.engines)
    func outcomes(engine: Engine) async throws {
        try await withRunner(engine) { database, handler, _ in
            try await enqueue(database, (0..<300).map { "n\($0)" } + ["fail once", "fail", "bad effect"])
            try await eventually("everything ran") {
                try await counts(database) == JobCounts(failed: 2)
            }
            let effects: Int? = try await database.read {
                try $0.first("SELECT COUNT(DISTINCT what) AS n FROM effects")?["n"]
            }
            #expect(effects == 301)
            #expect(handler.ran.value.filter { $0 == "fail" }.count == 3)
        }
    }

    @Test("A lane keeps its order under load", arguments: TestDatabase.engines)
    func order(engine: Engine) async throws {
        try await withRunner(engine) { database, handler, _ in
            for number in 0..<40 { try await enqueue(database, ["\(number)"], lane: "one") }
            try await eventually("everything ran") { try await counts(database) == JobCounts() }
            #expect(handler.ran.value == (0..<40).map(String.init))
        }
    }

    @Test(
        "A job that was claimed without the runner hearing of it runs when its lease is over",
        arguments: TestDatabase.engines)
    func unheardClaim(engine: Engine) async throws {
        let adjusted = { (options: inout JobRunner.Options) in
            options.heartbeat = .milliseconds(50)
            // Longer than a busy machine stands still: the lease of what is held must not end.
            options.lease = .seconds(10)
        }
        try await withRunner(engine, adjusted: adjusted) { database, handler, _ in
            handler.hold.change { $0 = true }
            try await enqueue(database, ["held"])
            try await eventually("a job runs") { handler.ran.value == ["held"] }
            // What stays in the database when the connection is cut during the commit of a claim.
            try await database.write { db in
                let job = try Obedient.job("unheard", runAt: Date() + 600)
                try JobQueue().enqueue([job], now: Date(), in: db)
                try db.execute(
                    """
                    UPDATE jobs SET state = 'running', fence = fence + 1, lease_until = \(Date() - 1),
                        worker = (SELECT worker FROM jobs WHERE state = 'running') WHERE state = 'ready'
                    """)
            }
            try await eventually("the unheard job runs") { handler.ran.value == ["held", "unheard"] }
            let first: Date = try await lease(database)
            try await eventually("the lease of what is held is renewed") { try await lease(database) > first + 0.4 }
            #expect(handler.ran.value == ["held", "unheard"])
            handler.hold.change { $0 = false }
            try await eventually("both end") { try await counts(database) == JobCounts() }
        }
    }

    @Test(
        "After a commit with an unknown outcome, the jobs it claimed are found at once",
        // On SQLite it is known.
        arguments: TestDatabase.engines.filter { $0 == .postgres })
    func missed(engine: Engine) async throws {
        try await withRunner(engine) { database, handler, _ in
            try await database.write { db in
                try db.execute("CREATE TABLE things (id BIGINT PRIMARY KEY)")
                try db.execute(
                    "CREATE TABLE parts (thing BIGINT REFERENCES things (id) DEFERRABLE INITIALLY DEFERRED)")
            }
            handler.hold.change { $0 = true }
            try await enqueue(database, ["held"])
            try await eventually("a job runs") { handler.ran.value == ["held"] }
            try await database.write { db in
                try JobQueue().enqueue([try Obedient.job("missed", runAt: Date() + 600)], now: Date(), in: db)
                try db.execute(
                    """
                    UPDATE jobs SET state = 'running', fence = fence + 1, lease_until = \(Date() + 600),
                        worker = (SELECT worker FROM jobs WHERE state = 'running') WHERE state = 'ready'
                    """)
            }
            try await Task.sleep(for: .seconds(1.2))
            #expect(handler.ran.value == ["held"])
            // Fails at its end, after the runner took part in it.
            await #expect(throws: DatabaseError.self) {
                try await database.write { db in
                    try JobQueue().enqueue([try Obedient.job("undone", runAt: Date())], now: Date(), in: db)
                    try db.execute("INSERT INTO parts (thing) VALUES (1)")
                }
            }
            try await eventually(within: .seconds(5), "what was missed runs") {
                handler.ran.value == ["held", "missed"]
            }
            let row = try await database.read {
                try $0.first("SELECT interrupted FROM jobs WHERE payload = '\"missed\"'")
            }
            try #expect(row?["interrupted"] == 0)
            handler.hold.change { $0 = false }
            try await eventually("both end") { try await counts(database) == JobCounts() }
            // Who looks for what it missed can claim afterwards.
            try await enqueue(database, ["later"])
            try await eventually(within: .seconds(2), "it claims again") { handler.ran.value.last == "later" }
        }
    }

    @Test("A stop hands back what does not end in time", arguments: TestDatabase.engines)
    func stop(engine: Engine) async throws {
        try await withRunner(engine) { database, handler, group in
            handler.hold.change { $0 = true }
            try await enqueue(database, ["long"])
            try await eventually("it started") { handler.ran.value == ["long"] }
            await group.triggerGracefulShutdown()
            try await eventually("it was handed back") { try await counts(database) == JobCounts(ready: 1) }
        }
    }
}

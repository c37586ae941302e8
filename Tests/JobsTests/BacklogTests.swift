import Database
import Foundation
import Logging
import ServiceLifecycle
import TestSupport
import Testing

@testable import Jobs

/// Sends what its payload says; some of it to a system that wants to be asked less.
private struct Sender: JobHandler {
    static let kind = JobKind(rawValue: "send")
    let schedule = RetrySchedule.chat
    let sent = MutexBox<[String: Int]>([:])
    var work: Duration = .zero

    func run(_ payload: String, of job: ClaimedJob) async -> JobOutcome {
        if payload == "too many" { return .pause("429", for: .milliseconds(200)) }
        sent.change { $0[payload, default: 0] += 1 }
        if work > .zero { try? await Task.sleep(for: work) }
        return .done { try $0.execute("INSERT INTO effects (what) VALUES (\(payload))") }
    }
}

@Suite("A backlog", .serialized, .timeLimit(.minutes(5)))
struct BacklogTests {
    private let quiet = {
        var logger = TestDatabase.logger
        logger.logLevel = .critical
        return logger
    }()

    private func running(
        _ database: Database, _ sender: Sender, options: JobRunner.Options = .init(), _ body: () async throws -> Void
    ) async throws {
        let runner = JobRunner(
            database: database, queue: JobQueue(), handlers: [sender], options: options, logger: quiet)
        let group = ServiceGroup(configuration: .init(services: [runner], gracefulShutdownSignals: [], logger: quiet))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do {
                try await body()
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private func enqueue(
        _ payloads: [String], _ database: Database, lane: (Int) -> String, group: String
    ) async throws {
        for start in stride(from: 0, to: payloads.count, by: 500) {
            let now = Date()
            let jobs = try payloads[start..<min(start + 500, payloads.count)].enumerated().map { number, payload in
                try Sender.job(payload, lane: lane(start + number), laneGroup: group, runAt: now)
            }
            try await database.write { try JobQueue().enqueue(jobs, now: now, in: $0) }
        }
    }

    private func prepared<Result: Sendable>(
        _ engine: Engine, _ body: (Database) async throws -> Result
    ) async throws -> Result {
        try await TestDatabase.with(engine, migrations: schema) { database in
            try await database.write { try $0.execute("CREATE TABLE effects (what TEXT NOT NULL UNIQUE)") }
            return try await body(database)
        }
    }

    @Test(
        "A lane of 20,000 behind a system that answers 429 slows no lane of another", arguments: TestDatabase.engines)
    func refused(engine: Engine) async throws {
        func time(blocked: Int) async throws -> Duration {
            try await prepared(engine) { database in
                try await enqueue(
                    Array(repeating: "too many", count: blocked), database, lane: { _ in "slow" }, group: "slow")
                try await enqueue(
                    (0..<2_000).map { "\($0)" }, database, lane: { "quick \($0 % 64)" }, group: "quick")
                let sender = Sender()
                let start = ContinuousClock.now
                try await running(database, sender) {
                    try await eventually(within: .seconds(120), "the others are sent") {
                        sender.sent.value.count == 2_000
                    }
                }
                try await #expect(database.read { try JobQueue().counts(upTo: 30_000, in: $0).waiting } >= blocked - 1)
                return .now - start
            }
        }
        _ = try await time(blocked: 0)
        let alone = try await time(blocked: 0)
        let beside = try await time(blocked: 20_000)
        #expect(beside < alone * 2 + .seconds(1), "\(alone) alone, \(beside) beside the lane")
    }

    @Test(
        "Cutting all connections to PostgreSQL in the middle of sending doubles nothing and loses nothing")
    func cut() async throws {
        try await TestDatabase.withAddress(.postgres, migrations: schema) { address in
            guard case .postgres(let url) = address else { return }
            // Known by the name, so that nobody else's connections are cut.
            let name = "patchbay_cut_\(UInt64.random(in: 0...UInt64.max))"
            let admin = try await Database.open(address, connections: 1, logger: quiet)
            let database = try await Database.open(.postgres(url: "\(url)&application_name=\(name)"), logger: quiet)
            try await database.write { try $0.execute("CREATE TABLE effects (what TEXT NOT NULL UNIQUE)") }
            try await cutting(database) {
                try await admin.read { db in
                    _ = try db.all(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = \(name)")
                }
            }
            await database.close()
            await admin.close()
        }
    }

    private func cutting(_ database: Database, _ cut: () async throws -> Void) async throws {
        let sender = Sender(work: .milliseconds(20))
        var options = JobRunner.Options()
        options.concurrency = 16
        try await running(database, sender, options: options) {
            for round in 0..<20 {
                // What is enqueued is claimed in the same transaction, which is cut as well.
                let payloads = (0..<5).map { "\(round * 5 + $0)" }
                while true {
                    do {
                        try await enqueue(payloads, database, lane: { "room \(($0 + round) % 32)" }, group: "webex")
                        break
                    } catch {
                        // Not known whether it was done; who enqueues looks.
                        if try await database.hasSeen(payloads[0]) { break }
                    }
                }
                if round % 4 == 2 {
                    try await cut()
                }
            }
            // Well below the 30 s of a lease.
            try await eventually(within: .seconds(20), "all are sent") {
                let left = try? await database.read { try JobQueue().counts(in: $0) }
                return left == JobCounts.none
            }
        }
        let effects: Int = try await database.read { try $0.first("SELECT COUNT(*) AS n FROM effects")?["n"] ?? 0 }
        #expect(effects == 100)
        #expect(sender.sent.value.count == 100)
        #expect(sender.sent.value.allSatisfy { $0.value == 1 }, "\(sender.sent.value.filter { $0.value > 1 })")
    }
}

extension Database {
    /// Whether a job with a payload is or was there; asked until there is an answer.
    fileprivate func hasSeen(_ payload: String) async throws -> Bool {
        for _ in 0..<100 {
            do {
                return try await read { db in
                    let job = try db.first("SELECT 1 AS there FROM jobs WHERE payload = \("\"\(payload)\"")")
                    let effect = try db.first("SELECT 1 AS there FROM effects WHERE what = \(payload)")
                    return job != nil || effect != nil
                }
            } catch {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        throw DatabaseError.unavailable("it does not come back")
    }
}

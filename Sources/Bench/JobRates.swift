import Database
import Foundation
import Jobs
import Logging
import ServiceLifecycle
import Synchronization

/// How fast the durable queue is with jobs that do nothing.
struct JobRates {
    let engine: Engine

    private struct Nothing: JobHandler {
        struct Payload: Codable, Sendable {
            let enqueued: Double
        }

        static let kind = JobKind(rawValue: "nothing")
        let schedule = RetrySchedule.inbound
        let done: Done

        func run(_ payload: Payload, of job: ClaimedJob) async -> JobOutcome {
            done.note(Date().timeIntervalSince1970 - payload.enqueued)
            return .done()
        }
    }

    private final class Done: Sendable {
        private let waits = Mutex<[Double]>([])
        func note(_ wait: Double) { waits.withLock { $0.append(wait) } }
        var all: [Double] { waits.withLock { $0 } }
    }

    func run(_ table: inout ResultTable) async throws {
        let single = try await drain(6_000, claimLimit: 1, concurrency: 32)
        table.add("jobs claimed one by one", single, atLeast: 1_500, "/s")
        let batched = try await drain(40_000, claimLimit: 100, concurrency: 512)
        table.add("jobs claimed in batches", batched, atLeast: 5_000, "/s")
        let waits = try await latencies(rate: 100, count: 1_000)
        table.add("add to start at 100/s: p50", waits.milliseconds(50), "ms", digits: 1)
        table.add("  p99", waits.milliseconds(99), atMost: 20, "ms")
    }

    /// Jobs a second, from the first claim until all are settled.
    private func drain(_ count: Int, claimLimit: Int, concurrency: Int) async throws -> Double {
        try await with { database in
            for start in stride(from: 0, to: count, by: 1_000) {
                try await enqueue(min(1_000, count - start), database)
            }
            var options = JobRunner.Options()
            options.claimLimit = claimLimit
            options.concurrency = concurrency
            let started = ContinuousClock.now
            return try await running(database, options, Done()) {
                while try await database.read({ try JobQueue().counts(in: $0) }) != .none {
                    try await Task.sleep(for: .milliseconds(50))
                }
                return Double(count) / (ContinuousClock.now - started).inSeconds
            }
        }
    }

    private func latencies(rate: Int, count: Int) async throws -> Samples {
        try await with { database in
            let done = Done()
            return try await running(database, JobRunner.Options(), done) {
                let start = ContinuousClock.now
                for number in 0..<count {
                    try await Task.sleep(until: start + .seconds(Double(number) / Double(rate)), clock: .continuous)
                    try await enqueue(1, database)
                }
                while done.all.count < count { try await Task.sleep(for: .milliseconds(10)) }
                return Samples(done.all)
            }
        }
    }

    private func with<Result: Sendable>(_ body: (Database) async throws -> Result) async throws -> Result {
        try await BenchDatabase.with(engine) { url, _ in
            guard let address = DatabaseAddress(url) else { throw Broken(what: url) }
            let database = try await Database.open(address, logger: Logger(label: "bench"))
            try await database.migrate([Migration(1, "jobs", JobQueue.migrations.flatMap(\.statements))])
            let result = try await body(database)
            await database.close()
            return result
        }
    }

    private func enqueue(_ count: Int, _ database: Database) async throws {
        try await database.write { db in
            let now = Date()
            let jobs = try (0..<count).map { _ in
                try Nothing.job(.init(enqueued: now.timeIntervalSince1970), runAt: now)
            }
            try JobQueue().enqueue(jobs, now: now, in: db)
        }
    }

    private func running<Result: Sendable>(
        _ database: Database, _ options: JobRunner.Options, _ done: Done, _ body: () async throws -> Result
    ) async throws -> Result {
        let logger = Logger(label: "bench")
        let runner = JobRunner(
            database: database, queue: JobQueue(), handlers: [Nothing(done: done)], options: options, logger: logger)
        let group = ServiceGroup(configuration: .init(services: [runner], gracefulShutdownSignals: [], logger: logger))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let result = try await body()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return result
        }
    }
}

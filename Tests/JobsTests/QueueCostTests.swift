import Database
import Foundation
import TestSupport
import Testing

@testable import Jobs

/// What a statement of the queue costs does not depend on how much waits. Measured beside a table of a hundredth of the
/// size, generously: what these tests keep out made the costs hundreds of times as large.
@Suite("The cost of a long queue", .serialized, .timeLimit(.minutes(10)))
struct QueueCostTests {
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)
    private let queue = JobQueue()

    private enum Shape: CaseIterable, CustomStringConvertible {
        case fewLanes, manyLanes

        var description: String { self == .fewLanes ? "48 lanes" : "a lane each" }

        func lane(_ number: Int) -> String { self == .fewLanes ? "lane \(number % 48)" : "lane \(number)" }
    }

    @Test(
        "Claiming, settling, enqueuing and pausing cost the same beside 1,000 jobs and 100,000",
        arguments: TestDatabase.engines)
    func costs(engine: Engine) async throws {
        for shape in Shape.allCases {
            for analyzes in [false, true] {
                let few = try await cost(engine, shape, jobs: 1_000, analyzes: analyzes)
                let many = try await cost(engine, shape, jobs: 100_000, analyzes: analyzes)
                for (step, time) in many {
                    let ratio = time / (few[step] ?? .zero)
                    #expect(ratio < 20, "\(step), \(shape), statistics \(analyzes): \(ratio) times as much")
                }
            }
        }
    }

    /// The least time of each step: other tests beside it only ever add to it. The plans are made while the table is
    /// empty, as in the first moments of a burst.
    private func cost(
        _ engine: Engine, _ shape: Shape, jobs: Int, analyzes: Bool
    ) async throws -> [String: Duration] {
        try await TestDatabase.with(engine, migrations: schema) { database in
            var times: [String: [Duration]] = [:]
            for round in 0..<12 { try await self.round(-round, database, shape, into: &times) }
            try await fill(database, shape, jobs)
            if analyzes { try await database.write { try $0.execute("ANALYZE") } }
            times = [:]
            for round in 0..<15 { try await self.round(round, database, shape, into: &times) }
            return times.mapValues { $0.min() ?? .zero }
        }
    }

    private func fill(_ database: Database, _ shape: Shape, _ jobs: Int) async throws {
        let lane: SQL =
            shape == .fewLanes ? "'lane ' || (number % 48)" : "'lane ' || number"
        let state: SQL = shape == .fewLanes ? "CASE WHEN number < 48 THEN 'ready' ELSE 'waiting' END" : "'ready'"
        try await database.write { db in
            try db.execute("DELETE FROM jobs")
            try db.execute(
                """
                INSERT INTO jobs (kind, payload, lane, lane_group, state, run_at, created_at)
                WITH RECURSIVE numbers (number) AS (
                    SELECT 0 UNION ALL SELECT number + 1 FROM numbers WHERE number < \(jobs - 1))
                SELECT 'test', '{}', \(lane), 'g', \(state), \(Self.start), \(Self.start) FROM numbers
                """)
        }
    }

    private func round(
        _ round: Int, _ database: Database, _ shape: Shape, into times: inout [String: [Duration]]
    ) async throws {
        func measure<Value: Sendable>(
            _ step: String, _ body: @escaping @Sendable (Connection) throws -> Value
        ) async throws -> Value {
            let start = ContinuousClock.now
            let value = try await database.write(body)
            times[step, default: []].append(.now - start)
            return value
        }
        let (queue, now) = (queue, Self.start)
        let jobs = (0..<48).map { number in
            NewJob(
                kind: .init(rawValue: "test"), payload: "{}", lane: shape.lane(round * 48 + number), laneGroup: "g",
                runAt: now)
        }
        try await measure("enqueue") { try queue.enqueue(jobs, now: now, in: $0) }
        let claimed = try await measure("claim") { db in
            try queue.claim(worker: "w", limit: 48, lease: .seconds(30), now: now, in: db).jobs
        }
        #expect(!claimed.isEmpty)
        try await measure("heartbeat") { db in
            try queue.heartbeat(worker: "w", holding: claimed.map(\.id), lease: .seconds(30), now: now, in: db)
        }
        try await measure("pause") { db in
            try queue.pause(laneGroup: "g", until: now + 60, reason: "test", now: now, in: db)
            #expect(try queue.claim(worker: "w", limit: 48, lease: .seconds(30), now: now, in: db).jobs.isEmpty)
            try queue.resume(laneGroup: "g", now: now, in: db)
        }
        let lost = try await measure("settle") { db in
            try queue.settle(
                claimed.map { .init(job: $0, outcome: .done(), schedule: .inbound, jitter: 0) }, now: now, in: db)
        }
        #expect(lost.isEmpty)
    }
}

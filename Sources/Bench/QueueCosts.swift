import Database
import Foundation
import Jobs
import Logging

/// What each step of the queue costs beside 100, 10,000 and 1,000,000 jobs that wait, in few lanes and in a lane each.
///
/// All plans are made while there are 100, as in the first moments of a burst.
struct QueueCosts {
    private static let sizes = [100, 10_000, 1_000_000]
    private static let rounds = 120
    /// How many jobs each step is about.
    private static let batch = 48

    let engine: Engine

    private enum Shape: CaseIterable {
        case fewLanes, laneEach

        var name: String { self == .fewLanes ? "in 48 lanes" : "in a lane each" }

        func lane(_ number: Int) -> String { self == .fewLanes ? "lane \(number % 48)" : "lane \(number)" }
    }

    private enum Step: String, CaseIterable {
        case enqueue, coalesce, claim, heartbeat, pause, settle, count
    }

    func run(_ table: inout ResultTable) async throws {
        for shape in Shape.allCases {
            let costs = try await costs(shape)
            for step in Step.allCases {
                let times = costs.map { $0[step] ?? .nan }
                let spelled = times.map { $0.formatted(.number.precision(.fractionLength(2))) }.joined(separator: ", ")
                table.add(
                    "\(step) beside 100, 10,000, 1,000,000 \(shape.name): \(spelled) ms; ratio", times[2] / times[0],
                    atMost: 1.3, "", digits: 2)
            }
        }
    }

    /// The medians in milliseconds, for each size.
    private func costs(_ shape: Shape) async throws -> [[Step: Double]] {
        try await BenchDatabase.with(engine) { url, _ in
            guard let address = DatabaseAddress(url) else { throw Broken(what: url) }
            // One connection: the plans of all sizes are the same.
            let database = try await Database.open(address, connections: 1, logger: Logger(label: "bench"))
            try await database.migrate([Migration(1, "jobs", JobQueue.migrations.flatMap(\.statements))])
            var costs: [[Step: Double]] = []
            var present = 0
            for size in Self.sizes {
                try await fill(database, shape, from: present, to: size)
                present = size
                var times: [Step: [Double]] = [:]
                for round in 0..<Self.rounds {
                    try await self.round(round, database, shape, jobs: size, into: &times)
                }
                costs.append(times.mapValues { Samples($0).milliseconds(50) })
            }
            await database.close()
            return costs
        }
    }

    private func fill(_ database: Database, _ shape: Shape, from first: Int, to end: Int) async throws {
        let now = Date()
        let lane: SQL = shape == .fewLanes ? "'lane ' || (number % 48)" : "'lane ' || number"
        let state: SQL = shape == .fewLanes ? "CASE WHEN number < 48 THEN 'ready' ELSE 'waiting' END" : "'ready'"
        for start in stride(from: first, to: end, by: 50_000) {
            try await database.write { db in
                try db.execute(
                    """
                    INSERT INTO jobs (kind, payload, lane, lane_group, state, run_at, created_at)
                    WITH RECURSIVE numbers (number) AS (
                        SELECT \(start) UNION ALL SELECT number + 1 FROM numbers
                        WHERE number < \(min(end, start + 50_000) - 1))
                    SELECT 'test', '{}', \(lane), 'g', \(state), \(now), \(now) FROM numbers
                    """)
            }
        }
    }

    private func round(
        _ round: Int, _ database: Database, _ shape: Shape, jobs: Int, into times: inout [Step: [Double]]
    ) async throws {
        func measure<Value: Sendable>(
            _ step: Step, _ body: @escaping @Sendable (Connection) throws -> Value
        ) async throws -> Value {
            let start = ContinuousClock.now
            let value = try await database.write(body)
            times[step, default: []].append((ContinuousClock.now - start).inSeconds)
            return value
        }
        let (queue, now) = (JobQueue(), Date())
        func new(_ kind: String, from first: Int, coalesces: Bool) -> [NewJob] {
            (first..<(first + Self.batch)).map { number in
                NewJob(
                    kind: JobKind(rawValue: kind), payload: "{}", lane: shape.lane(number), laneGroup: "g",
                    coalesces: coalesces, runAt: now)
            }
        }
        // As many come as go, so that there are always about as many.
        let plain = new("test", from: jobs + (round + 1) * Self.batch, coalesces: false)
        let absorbed = new("absorbed", from: jobs, coalesces: true)
        try await measure(.enqueue) { try queue.enqueue(plain, now: now, in: $0) }
        try await database.write { try queue.enqueue(absorbed, now: now, in: $0) }
        try await measure(.coalesce) { try queue.enqueue(absorbed, now: now, in: $0) }
        let claimed = try await measure(.claim) { db in
            try queue.claim(worker: "w", limit: Self.batch, lease: .seconds(30), now: now, in: db).jobs
        }
        guard claimed.count == Self.batch else { throw Broken(what: "\(claimed.count) jobs were claimed") }
        try await measure(.heartbeat) { db in
            try queue.heartbeat(worker: "w", holding: claimed.map(\.id), lease: .seconds(30), now: now, in: db)
        }
        try await measure(.pause) { db in
            try queue.pause(laneGroup: "g", until: now + 60, reason: "test", now: now, in: db)
            try queue.resume(laneGroup: "g", now: now, in: db)
        }
        let settlements = claimed.map {
            JobQueue.Settlement(job: $0, outcome: .done(), schedule: .inbound, jitter: 0)
        }
        _ = try await measure(.settle) { try queue.settle(settlements, now: now, in: $0) }
        _ = try await measure(.count) { try queue.counts(in: $0) }
    }
}

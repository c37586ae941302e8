import Accounts
import Database
import Foundation
import TestSupport
import Testing
import Tickets

@testable import Jobs
@testable import Notifications
@testable import Ticketing

@Suite("Deliveries by the thousand")
struct DeliveriesByTheThousandTests {
    private let queue = JobQueue()

    /// Deliveries of one event each: 1, 2, 3 …, a minute apart.
    private func fill(_ count: Int, state: String, _ stage: Stage, _ db: Connection) throws {
        let rooms = try stage.rooms(["A", "B"], in: db)
        let numbers: SQL = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(count))"
        let start = Int64(instant.timeIntervalSince1970 * 1_000)
        try db.execute(
            """
            \(numbers) INSERT INTO ticket_events (connection_id, ticket_id, kind, subject, details, created_at)
            SELECT \(stage.psa), CAST(i % 100 AS TEXT), 'note_added', CAST(i AS TEXT), '{}', \(start) + i * 60000 FROM n
            """)
        try db.execute(
            """
            INSERT INTO deliveries (organization_id, event_id, recipient_id, ticket_id, state, reason, created_at)
            SELECT \(stage.organization), e.id, CASE e.id % 2 WHEN 0 THEN \(rooms[0]) ELSE \(rooms[1]) END, e.ticket_id,
                \(state), 'x', e.created_at
            FROM ticket_events e
            """)
    }

    private func run(_ database: Database) async throws {
        let handler = RetryOfMany(now: { instant })
        while true {
            let jobs = try await database.write { db in
                let ids = try db.all("SELECT id FROM jobs WHERE kind = 'retry_deliveries' LIMIT 1")
                guard !ids.isEmpty else { return [ClaimedJob]() }
                // Only these are run here; what they enqueue stays where it is.
                try db.execute("UPDATE jobs SET run_at = \(instant.addingTimeInterval(60)) WHERE kind = 'deliver'")
                return try queue.claim(worker: "w", limit: 10, lease: .seconds(30), now: instant, in: db).jobs
            }
            guard !jobs.isEmpty else { return }
            for job in jobs {
                let outcome = await handler.runAny(job)
                let settlement = JobQueue.Settlement(job: job, outcome: outcome, schedule: handler.schedule, jitter: 0)
                _ = try await database.write { try queue.settle([settlement], now: instant, in: $0) }
            }
        }
    }

    @Test(
        "10,000 failed deliveries are queued again, each once, also when asked twice", arguments: TestDatabase.engines)
    func tenThousand(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            let stage = try await database.write { db in
                let stage = try Stage(in: db)
                try fill(10_000, state: "failed", stage, db)
                return stage
            }
            let started = ContinuousClock.now
            for _ in 0..<2 {
                let count = try await database.write { db in
                    try RetryOfMany.start(.init(), of: stage.organization, queue: queue, now: instant, in: db)
                }
                #expect(count == 10_000)
            }
            try await run(database)
            // The promise is 60 s for all of it, sending included, on a machine that does nothing else meanwhile.
            #expect(ContinuousClock.now - started < .seconds(90))
            let (queued, jobs, different) = try await database.read { db in
                (
                    try db.one("SELECT COUNT(*) AS id FROM deliveries WHERE state = 'queued'") as Int,
                    try db.one("SELECT COUNT(*) AS id FROM jobs WHERE kind = 'deliver'") as Int,
                    try db.one("SELECT COUNT(DISTINCT payload) AS id FROM jobs WHERE kind = 'deliver'") as Int
                )
            }
            #expect(queued == 10_000)
            #expect(jobs == 10_000)
            #expect(different == 10_000)
        }
    }

    @Test("Only what the filter names is queued again", arguments: TestDatabase.engines)
    func filtered(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            let stage = try await database.write { db in
                let stage = try Stage(in: db)
                try fill(300, state: "failed", stage, db)
                return stage
            }
            let count = try await database.write { db in
                try RetryOfMany.start(.init(ticket: "7"), of: stage.organization, queue: queue, now: instant, in: db)
            }
            #expect(count == 3)
            try await run(database)
            let tickets = try await database.read { db in
                try db.all("SELECT ticket_id FROM deliveries WHERE state = 'queued'").map { row -> String in
                    try row["ticket_id"]
                }
            }
            #expect(tickets == ["7", "7", "7"])
        }
    }

    @Test("What is too old is forgotten, but nothing that waits to be sent", arguments: TestDatabase.engines)
    func retention(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            try await database.write { db in
                let stage = try Stage(in: db)
                try fill(5_000, state: "sent", stage, db)
                try db.execute("UPDATE deliveries SET state = 'queued' WHERE id IN (SELECT MIN(id) FROM deliveries)")
                var settings = TicketingSettings()
                settings.historyDays = 7
                try settings.store(for: stage.organization, now: instant, in: db)
                // All but the last 1,000 are older than a week then.
                let now = instant.addingTimeInterval(4_000 * 60 + 7 * 86_400 + 1)
                var rounds = 0
                while try Retention.forget(now: now, in: db) > 0 { rounds += 1 }
                let kept = [NotificationPlanner.listener.keeps].compactMap(\.self)
                while try EventStore.forget(now: now, unless: kept, in: db) > 0 { rounds += 1 }
                #expect(rounds >= 2)
                #expect(try db.one("SELECT COUNT(*) AS id FROM deliveries") == 1_001)
                // The event of the one that waits stays with it.
                #expect(try db.one("SELECT COUNT(*) AS id FROM ticket_events") == 1_001)
                #expect(try db.one("SELECT COUNT(*) AS id FROM deliveries WHERE state = 'queued'") == 1)
            }
        }
    }
}

import API
import Database
import Foundation
import TestSupport
import Testing
import Ticketing

@testable import Jobs
@testable import WriteBack

/// Jobs of posts in the queue.
@Suite("The job of a post")
struct PostJobTests {
    @Test(
        "A post goes before jobs that became ready earlier, and does not count as waiting",
        arguments: TestDatabase.engines)
    func prompt(engine: Engine) async throws {
        let now = Date(timeIntervalSince1970: 1_790_000_000)
        try await TestDatabase.with(engine, migrations: JobQueue.migrations) { database in
            let queue = JobQueue()
            let (neglected, first) = try await database.write { db in
                try queue.enqueue([try Poster.job(3, to: "7", of: 1, now: now)], now: now, in: db)
                let neglected = try queue.neglected(for: .seconds(60), now: now, in: db)
                try queue.enqueue(
                    [NewJob(kind: .init(rawValue: "other"), payload: "{}", laneGroup: "x", runAt: now - 50)], now: now,
                    in: db)
                let claim = try queue.claim(worker: "w", limit: 2, lease: .seconds(30), now: now, in: db)
                return (neglected, claim.jobs.map(\.kind))
            }
            #expect(neglected == nil)
            #expect(first.first == Poster.kind)
            #expect(first.count == 2)
        }
    }
}

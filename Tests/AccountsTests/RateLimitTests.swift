import API
import Database
import Foundation
import HTTPTypes
import TestSupport
import Testing
import WebSupport

@testable import Accounts

@Suite("Limits")
struct RateLimitTests {
    @Test("So many calls in any span of time, each organization by itself", arguments: TestDatabase.engines)
    func sliding(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: accounts) { database in
            let (mine, other) = (
                try await database.user("a@x", .viewer).organization,
                try await database.user("b@x", .viewer).organization
            )
            let (limit, start) = (RateLimit("search", calls: 3), Date(timeIntervalSince1970: 1_790_000_000))
            func take(_ organization: Organization.ID, at seconds: Double) async throws -> RateLimit.Standing {
                try await database.write { try limit.take(for: organization, now: start + seconds, in: $0) }
            }
            #expect(try await take(mine, at: 0).left == 2)
            #expect(try await take(mine, at: 10).left == 1)
            #expect(try await take(mine, at: 20).left == 0)
            let refused = try await take(mine, at: 30)
            #expect(refused.wait == 30)
            #expect(try await take(other, at: 30).left == 2)
            // One call free again, not three: the window slides.
            #expect(try await take(mine, at: 60).wait == 0)
            #expect(try await take(mine, at: 61).wait == 9)
            let last = try await take(other, at: 40)
            #expect(limit.fields(last)[.rateLimit] == "\"search\";r=1;t=50")
            #expect(limit.fields(try await take(other, at: 41))[.rateLimit] == "\"search\";r=0;t=49")
            #expect(limit.fields(refused)[.rateLimit] == "\"search\";r=0;t=30")
            #expect(limit.refusal(refused).retryAfter == .seconds(30))
        }
    }

    @Test("Of many calls at once exactly so many pass", arguments: TestDatabase.engines)
    func atOnce(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: accounts) { database in
            let organization = try await database.user("a@x", .viewer).organization
            let limit = RateLimit("search", calls: 5)
            let passed = try await withThrowingTaskGroup { group in
                for _ in 0..<20 {
                    group.addTask {
                        try await database.write { try limit.take(for: organization, now: Date(), in: $0) }.wait == 0
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(passed == 5)
        }
    }
}

import Database
import Foundation
import TestSupport
import Testing

@testable import Notifications

@Suite("The overview")
struct OverviewTests {
    @Test("The first row of a time is found among rows with gaps", arguments: TestDatabase.engines)
    func halving(engine: Engine) async throws {
        let schema = [
            Migration(1, "rows", ["CREATE TABLE things (id BIGINT NOT NULL PRIMARY KEY, created_at BIGINT NOT NULL)"])
        ]
        try await TestDatabase.with(engine, migrations: schema) { database in
            let start = Date(timeIntervalSince1970: 1_800_000_000)
            func first(_ seconds: Double) async throws -> Int64 {
                try await database.read { try $0.firstID(of: "things", since: start + seconds) }
            }
            #expect(try await first(0) == 1)
            // Ids 3, 13, 23 …, one each second.
            try await database.write { db in
                for number in 0..<100 {
                    try db.execute("INSERT INTO things VALUES (\(3 + 10 * number), \(start + Double(number)))")
                }
            }
            for (seconds, expected) in [(0.0, 3), (1, 13), (1.5, 23), (50, 503), (99, 993)] {
                let found = try await first(seconds)
                // Anything behind the row before it and up to the row itself is right.
                #expect(found <= Int64(expected), "\(seconds): \(found)")
                #expect(found > Int64(expected - 10), "\(seconds): \(found)")
            }
            #expect(try await first(100) > 993)
            #expect(try await first(-100) <= 3)
        }
    }
}

import Database
import Dispatch
import Foundation
import TestSupport
import Testing

@Suite("SQLite")
struct SQLiteTests {
    @Test("Commits are durable: WAL and synchronous=FULL")
    func durability() async throws {
        try await TestDatabase.with(.sqlite) { database in
            let (synchronous, journal) = try await database.write { db -> (Int, String) in
                let synchronous: Int? = try db.first("PRAGMA synchronous")?["synchronous"]
                let journal: String? = try db.first("PRAGMA journal_mode")?["journal_mode"]
                return (synchronous ?? -1, journal ?? "")
            }
            #expect(synchronous == 2)
            #expect(journal == "wal")
        }
    }

    @Test("A second server on the same file is refused")
    func exclusive() async throws {
        try await TestDatabase.withAddress(.sqlite) { address in
            let first = try await Database.open(address, as: .server, logger: TestDatabase.logger)
            await #expect {
                _ = try await Database.open(address, as: .server, logger: TestDatabase.logger)
            } throws: { error in
                "\(error)".contains("another patchbay server")
            }
            await first.close()
        }
    }

    @Test("A lock held by another process is busy, not an endless wait")
    func locked() async throws {
        try await TestDatabase.withAddress(.sqlite) { address in
            let database = try await Database.open(address, logger: TestDatabase.logger)
            try await database.write { try $0.execute("CREATE TABLE t (a BIGINT)") }
            let intruder = try await Database.open(address, logger: TestDatabase.logger)
            let (locked, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            async let intrusion: Void = intruder.write { _ in
                locked.signal()
                release.wait()
            }
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    locked.wait()
                    continuation.resume()
                }
            }
            await #expect {
                try await database.write { try $0.execute("INSERT INTO t VALUES (1)") }
            } throws: { error in
                if case DatabaseError.busy = error { true } else { false }
            }
            release.signal()
            try await intrusion
            try await database.write { try $0.execute("INSERT INTO t VALUES (1)") }
            await intruder.close()
            await database.close()
        }
    }

    @Test("A full disk fails every write of the group, and later writes succeed again")
    func full() async throws {
        try await TestDatabase.with(.sqlite) { database in
            try await database.write { db in
                try db.execute("CREATE TABLE t (a TEXT)")
                _ = try db.all("PRAGMA max_page_count = 40")
            }
            let filler = String(repeating: "x", count: 3_000)
            let outcomes = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        do {
                            try await database.write { try $0.execute("INSERT INTO t VALUES (\(filler))") }
                            return true
                        } catch {
                            return false
                        }
                    }
                }
                return await group.reduce(into: [Bool]()) { $0.append($1) }
            }
            #expect(outcomes.contains(false))
            // Accepted means stored: exactly the writes that were told so are there.
            let stored: Int? = try await database.read { try $0.first("SELECT COUNT(*) AS n FROM t")?["n"] }
            #expect(stored == outcomes.filter { $0 }.count)
            try await database.write { db in
                _ = try db.all("PRAGMA max_page_count = 10000")
                try db.execute("INSERT INTO t VALUES ('room again')")
            }
        }
    }
}

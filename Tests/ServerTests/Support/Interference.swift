import Database
import Foundation
import TestSupport

/// Changes that tests make to the server's database directly.
extension RunningPatchbay {
    /// Postpones all refreshes of tickets.
    package func pauseRefreshes(until: Date) async throws {
        try await database.write { db in
            try db.execute(
                """
                INSERT INTO lane_pauses (lane_group, until, reason, since)
                SELECT 'psa:' || id, \(until), 'test', \(Date()) FROM psa_connections
                """)
        }
    }

    /// Lets tickets be refreshed again.
    package func resumeRefreshes() async throws {
        let instant = Date()
        try await database.write { db in
            try db.execute("DELETE FROM lane_pauses")
            try db.execute("UPDATE jobs SET run_at = \(instant) WHERE state = 'ready' AND run_at > \(instant)")
        }
    }

    /// Runs the body while another program holds a lock that blocks every callback.
    package func whileLocked(_ body: () async throws -> Void) async throws {
        let other = try await Database.open(address, connections: 1, logger: TestDatabase.logger)
        let released = DispatchSemaphore(value: 0)
        let (held, holds) = AsyncStream.makeStream(of: Void.self)
        let result: Result<Void, any Error> = await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                try? await other.write { db in
                    try db.execute(
                        SQL(
                            sqlite: "UPDATE organizations SET name = name",
                            postgres: "LOCK TABLE hook_inbox IN ACCESS EXCLUSIVE MODE"))
                    holds.finish()
                    // Blocks a thread of the database, not of the tests.
                    released.wait()
                }
            }
            for await _ in held {}
            let result: Result<Void, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            released.signal()
            await tasks.waitForAll()
            return result
        }
        await other.close()
        try result.get()
    }

    /// Hides a table while the body runs, like a database that cannot be read.
    package func without(table: String, _ body: () async throws -> Void) async throws {
        try await database.write { try $0.execute(SQL(unchecked: "ALTER TABLE \(table) RENAME TO taken_away")) }
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        try await database.write { try $0.execute(SQL(unchecked: "ALTER TABLE taken_away RENAME TO \(table)")) }
        try result.get()
    }
}

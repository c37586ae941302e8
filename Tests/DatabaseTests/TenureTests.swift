import Database
import TestSupport
import Testing

@Suite("Who may use a database at the same time")
struct TenureTests {
    private func opens(_ address: DatabaseAddress, as tenure: Tenure) async throws -> Bool {
        do {
            await (try Database.open(address, as: tenure, connections: 1, logger: TestDatabase.logger)).close()
            return true
        } catch DatabaseError.setup {
            return false
        }
    }

    @Test(
        "Exclusive use is refused while a server runs, and no server starts during it", arguments: TestDatabase.engines)
    func alone(engine: Engine) async throws {
        try await TestDatabase.withAddress(engine) { address in
            let server = try await Database.open(address, as: .server, connections: 1, logger: TestDatabase.logger)
            #expect(try await !opens(address, as: .alone))
            #expect(try await opens(address, as: .guest))
            // Several servers share PostgreSQL.
            #expect(try await opens(address, as: .server) == (engine == .postgres))
            await server.close()
            let alone = try await Database.open(address, as: .alone, connections: 1, logger: TestDatabase.logger)
            #expect(try await !opens(address, as: .server))
            #expect(try await !opens(address, as: .alone))
            #expect(try await opens(address, as: .guest))
            await alone.close()
            #expect(try await opens(address, as: .server))
            #expect(try await opens(address, as: .alone))
        }
    }

    @Test("A server whose connections were cut still keeps others from being alone")
    func reconnected() async throws {
        guard TestDatabase.engines.contains(.postgres) else { return }
        try await TestDatabase.withAddress(.postgres) { address in
            let server = try await Database.open(address, as: .server, connections: 1, logger: TestDatabase.logger)
            let other = try await Database.open(address, connections: 1, logger: TestDatabase.logger)
            // Only those of this test's schema: others run beside it.
            let cut: Int? = try await other.write { db in
                try db.first(
                    """
                    SELECT l.pid, pg_terminate_backend(l.pid) FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted
                        AND ((l.classid::bigint << 32) | l.objid::bigint)
                            = hashtextextended('patchbay servers ' || current_schema(), 19)
                    """)?["pid"]
            }
            let old = try #require(cut)
            // The one that was cut may hold it a moment longer.
            try await eventually("the server to hold its lock again") {
                try await other.read { db in
                    try db.first(
                        """
                        SELECT 1 AS held FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted
                            AND ((l.classid::bigint << 32) | l.objid::bigint)
                                = hashtextextended('patchbay servers ' || current_schema(), 19)
                            AND l.pid <> \(old)
                        """) != nil
                }
            }
            #expect(try await !opens(address, as: .alone))
            await other.close()
            await server.close()
        }
    }

    private struct Key: Sendable, Equatable {
        let text: String
    }

    @Test("What is laid beside a database is there in its transactions", arguments: TestDatabase.engines)
    func belongings(engine: Engine) async throws {
        try await TestDatabase.with(engine) { database in
            let none = try await database.read { $0.belonging(Key.self) }
            #expect(none == nil)
            database.keep(Key(text: "first"))
            database.keep(Key(text: "second"))
            let (read, written) = (
                try await database.read { $0.belonging(Key.self) }, try await database.write { $0.belonging(Key.self) }
            )
            #expect(read == Key(text: "second"))
            #expect(written == Key(text: "second"))
        }
    }
}

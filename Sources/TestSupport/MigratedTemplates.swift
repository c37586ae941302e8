import Database
import Foundation

/// What a database has been through, to find one that is there already: what all tests need is not made by each.
private struct History: Hashable {
    private let steps: [String]

    init(_ migrations: [Migration]) {
        steps = migrations.map { "\($0.number) \($0.name) \($0.statements.count)" }
    }
}

extension Database {
    /// Migrates at once: all of a run share one lock, which a loaded machine holds for long at each step. The steps may
    /// also be those of one target alone.
    fileprivate func migrateInOneStep(_ migrations: [Migration]) async throws {
        try await migrate([Migration(1, "everything", migrations.flatMap(\.statements))])
        try await write { db in
            try db.execute("DELETE FROM schema_migrations")
            for step in migrations {
                try db.execute("INSERT INTO schema_migrations VALUES (\(step.number), \(step.name), \(Date()))")
            }
        }
    }
}

/// SQLite files, each migrated once and written for each test.
actor TemplateFiles {
    static let shared = TemplateFiles()

    private var files: [History: Task<Data, any Error>] = [:]

    /// A file after some migrations.
    func file(_ migrations: [Migration]) async throws -> Data {
        let history = History(migrations)
        let making = files[history] ?? Task { try await Self.make(migrations) }
        files[history] = making
        return try await making.value
    }

    private static func make(_ migrations: [Migration]) async throws -> Data {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "patchbay_test_template_\(UInt64.random(in: 0...UInt64.max))")
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "patchbay.db")
        let database = try await Database.open(.sqlite(path: path.path()), connections: 1, logger: TestDatabase.logger)
        try await database.migrateInOneStep(migrations)
        await database.close()
        return try Data(contentsOf: path)
    }
}

/// Schemas of PostgreSQL, each used by one test after the other: to empty one costs a tiny part of making one.
/// They go with the server, which `scripts/with-postgres` makes for one run.
actor TemplateSchemas {
    /// One that a test uses or may use.
    struct Place: Sendable {
        let name: String
        fileprivate let history: History
        /// The catalog's entries, by which it is seen whether a test changed tables; nil for one that began without.
        fileprivate let shape: String?
    }

    // Deleted rows stay in the files, and tests that write thousands are few.
    private static let mostBytes = 4 << 20

    private let database: Database
    private var free: [History: [Place]] = [:]

    init(url: String) async throws {
        database = try await Database.open(.postgres(url: url), connections: 4, logger: TestDatabase.logger)
    }

    /// A schema without rows.
    /// - Parameters:
    ///   - migrations: what it has been through; empty for one without tables, which is not used again.
    ///   - address: of a schema by its name.
    func take(_ migrations: [Migration], _ address: (String) -> DatabaseAddress) async throws -> Place {
        let history = History(migrations)
        if let place = free[history]?.popLast() { return place }
        let name = "patchbay_test_\(UInt64.random(in: 0...UInt64.max))"
        try await database.write { try $0.execute(SQL(unchecked: "CREATE SCHEMA \(name)")) }
        guard !migrations.isEmpty else { return Place(name: name, history: history, shape: nil) }
        let own = try await Database.open(address(name), connections: 1, logger: TestDatabase.logger)
        try await own.migrateInOneStep(migrations)
        await own.close()
        return Place(name: name, history: history, shape: try await shape(of: name))
    }

    /// Empties a schema for the next test, or removes it when that is not worth it, or a test changed its tables.
    func put(back place: Place) async throws {
        do {
            if let shape = place.shape, try await self.shape(of: place.name) == shape,
                try await bytes(in: place.name) <= Self.mostBytes
            {
                try await empty(place.name)
                free[place.history, default: []].append(place)
                return
            }
        } catch is DatabaseError {
            // A server that was killed may still be at work there.
        }
        try await database.write { try $0.execute(SQL(unchecked: "DROP SCHEMA \(place.name) CASCADE")) }
    }

    private func shape(of name: String) async throws -> String {
        try await database.read { db in
            let row = try db.first(
                """
                SELECT md5(string_agg(x.line, ';' ORDER BY x.line)) AS shape FROM (
                    SELECT concat_ws(' ', c.oid, c.relname, c.relchecks, c.relhastriggers) AS line
                    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = \(name)
                    UNION ALL
                    SELECT concat_ws(' ', a.attrelid, a.attname, a.atttypid, a.attnotnull, a.atthasdef) FROM pg_attribute a
                    JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE n.nspname = \(name)
                    UNION ALL
                    SELECT concat_ws(' ', t.tgrelid, t.tgname, t.tgenabled) FROM pg_trigger t
                    JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE n.nspname = \(name)
                ) x
                """)
            return try row?["shape"] ?? ""
        }
    }

    private func bytes(in name: String) async throws -> Int {
        try await database.read { db in
            let row = try db.first(
                """
                SELECT CAST(COALESCE(SUM(pg_relation_size(c.oid)), 0) AS BIGINT) AS bytes FROM pg_class c
                JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = \(name)
                """)
            return try row?["bytes"] ?? 0
        }
    }

    private func empty(_ name: String) async throws {
        try await database.write { db in
            // Without foreign keys and triggers; a table that never had a row has no bytes.
            try db.execute("SET LOCAL lock_timeout = '2s'")
            try db.execute("SET LOCAL session_replication_role = replica")
            try db.execute(
                SQL(
                    unchecked: """
                        DO $$ DECLARE found record; BEGIN
                            FOR found IN SELECT CAST(c.oid AS regclass) AS name FROM pg_class c
                                JOIN pg_namespace n ON n.oid = c.relnamespace
                                WHERE n.nspname = '\(name)' AND c.relkind = 'r' AND c.relname <> 'schema_migrations'
                                    AND pg_relation_size(c.oid) > 0
                            LOOP EXECUTE 'DELETE FROM ' || found.name; END LOOP;
                            PERFORM setval(CAST(format('%I.%I', schemaname, sequencename) AS regclass), start_value, false)
                                FROM pg_sequences WHERE schemaname = '\(name)' AND last_value IS NOT NULL;
                        END $$
                        """))
        }
    }
}

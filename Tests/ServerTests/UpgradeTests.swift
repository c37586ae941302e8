import Accounts
import Database
import Foundation
import Sealing
import ServerTestSupport
import TestSupport
import Testing

@testable import Server

/// Upgrades a database of an earlier version, with rows in every table, to the newest schema.
@Suite("Upgrading a database", .timeLimit(.minutes(20)))
struct UpgradeTests {
    @Test("An upgrade keeps all rows", arguments: TestDatabase.engines)
    func keepsAll(engine: Engine) async throws {
        let old = try OldDatabase(engine)
        try await TestDatabase.with(engine) { database in
            try await old.load(into: database)
            #expect(try await database.schemaNumber() == OldDatabase.schema)
            let before = try await Rows.all(in: database).mapValues(\.count)
            #expect(before.filter { $0.value == 0 }.isEmpty)

            let applied = try await database.migrate(Installation.migrations)
            #expect(applied.map(\.number) == Array(OldDatabase.schema + 1...Installation.migrations.count))
            #expect(try await database.schemaNumber() == Installation.migrations.count)
            let rows = try await Rows.all(in: database)
            let lost = before.filter { table, count in rows[table].map { $0.count < count } ?? false }
            #expect(lost.isEmpty)

            #expect(try await database.migrate(Installation.migrations).isEmpty)
            #expect(try await Rows.all(in: database) == rows)
        }
    }

    @Test("Data that moved to another table is unchanged", arguments: TestDatabase.engines)
    func moved(engine: Engine) async throws {
        let old = try OldDatabase(engine)
        func rows(_ query: SQL, _ database: Database) async throws -> [String] {
            try await database.read { db in
                try db.all(query).map { row in "\(try row["id"] as Int64) \(try row["text"] as String)" }
            }
        }
        try await TestDatabase.with(engine) { database in
            try await old.load(into: database)
            try await database.write { db in
                try db.execute("UPDATE ticket_events SET reason = 'nobody' || id WHERE id % 2 = 0")
                try db.execute("UPDATE psa_connections SET silent_since = 7")
            }
            let reasons = try await rows(
                "SELECT id, reason AS text FROM ticket_events WHERE reason IS NOT NULL ORDER BY id", database)
            let settings = try await rows(
                "SELECT organization_id AS id, settings AS text FROM notification_settings ORDER BY 1", database)
            let silent = try await rows(
                "SELECT silent_since AS id, name AS text FROM psa_connections WHERE silent_since IS NOT NULL ORDER BY 1",
                database)
            #expect(!reasons.isEmpty)
            #expect(!settings.isEmpty)
            try await database.migrate(Installation.migrations)
            let renamed = settings.map {
                $0.replacing("\"reference_lifetime_seconds\"", with: "\"member_cache_seconds\"")
                    .replacing("\"silence_alarm_minutes\"", with: "\"silence_alert_minutes\"")
            }
            #expect(
                try await rows("SELECT event_id AS id, reason AS text FROM untold_events ORDER BY 1", database)
                    == reasons)
            #expect(
                try await rows(
                    "SELECT organization_id AS id, settings AS text FROM ticketing_settings ORDER BY 1", database)
                    == renamed)
            let alerts = try await rows("SELECT since AS id, title AS text FROM alerts ORDER BY 1", database)
            #expect(alerts == silent.map { "\($0) has stopped telling us of changes." })
        }
    }

    @Test("Sealed texts can still be opened, and the audit log is intact", arguments: TestDatabase.engines)
    func seals(engine: Engine) async throws {
        let old = try OldDatabase(engine)
        try await TestDatabase.with(engine) { database in
            try await old.load(into: database)
            let entries = try await Rows.all(in: database)["audit_entries"]?.count
            try await database.migrate(Installation.migrations)

            var configuration = Configuration()
            configuration.secret = old.secret
            let sealer = try await Installation.openSeals(of: database, configuration, logger: TestDatabase.logger)
            let lost = try await database.read { db in
                try LostSecrets.find(in: Installation.sealedColumns, without: sealer, db)
            }
            #expect(lost == nil)
            let audit = try await AuditLog.verify(in: database)
            #expect(audit.faults.isEmpty)
            #expect(audit.entries == entries)

            // Resealing opens each of them.
            let next = try Sealer([Secret.generate()] + Secret.list(old.secret))
            let opened = try await database.write { db in
                try Installation.sealedColumns.reduce(0) { try $0 + $1.reseal(with: next, in: db) }
            }
            #expect(opened == old.sealed)
        }
    }

    @Test(
        "Posts that were put first by a time in the past are put first by priority", arguments: TestDatabase.engines)
    func priorities(engine: Engine) async throws {
        let old = try OldDatabase(engine)
        try await TestDatabase.with(engine) { database in
            try await old.load(into: database)
            let before = try await Self.jobs(database)
            let posts = before.filter { $0.value.kind == "post_to_ticket" }
            let early = Set(posts.filter { $0.value.delay < 0 }.keys)
            #expect(Set(early.compactMap { before[$0]?.state }).count == 4)
            #expect(posts.values.contains { $0.delay > 0 })

            try await database.migrate(Array(Installation.migrations.prefix(24)))
            let after = try await Self.jobs(database)
            let first = try await database.read { db in
                Set(try db.all("SELECT id FROM jobs WHERE priority = 0").map { try $0["id"] as Int })
            }
            #expect(first == Set(posts.keys))
            #expect(early.allSatisfy { after[$0]?.delay == 0 })
            // All other jobs, including posts waiting for a retry, keep their time.
            let others = after.filter { !early.contains($0.key) }
            #expect(others == before.filter { !early.contains($0.key) })
            let usual = try await database.read { db in
                try db.all("SELECT id FROM jobs WHERE priority = 1").count
            }
            #expect(usual == after.count - posts.count)
        }
    }

    private struct StoredJob: Equatable {
        let kind: String
        let state: String
        /// The time from enqueueing to the run.
        let delay: Int
    }

    private static func jobs(_ database: Database) async throws -> [Int: StoredJob] {
        let jobs = try await database.read { db in
            try db.all("SELECT id, kind, state, run_at - created_at AS delay FROM jobs").map { row in
                let id: Int = try row["id"]
                return (id, StoredJob(kind: try row["kind"], state: try row["state"], delay: try row["delay"]))
            }
        }
        return Dictionary(jobs, uniquingKeysWith: { first, _ in first })
    }

    // MARK: Killed migrations

    /// When the program is killed.
    private enum Moment {
        /// Right after its start.
        case atOnce
        /// This many milliseconds after it opened the file.
        case opened(Int)
        /// While it waits for a table lock that is held in this PostgreSQL mode.
        case waiting(table: String, mode: String)

        static func all(of engine: Engine) -> [Moment] {
            switch engine {
            case .sqlite: [.atOnce] + [0, 6, 10, 12, 14, 16, 20].map(Moment.opened)
            case .postgres:
                [
                    // Before the first table is changed, and after the last one.
                    .atOnce, .waiting(table: "jobs", mode: "ACCESS SHARE"),
                    .waiting(table: "schema_migrations", mode: "SHARE"),
                ]
            }
        }
    }

    @Test("A migration killed halfway is completed by the next one", arguments: TestDatabase.engines)
    func killed(engine: Engine) async throws {
        let old = try OldDatabase(engine)
        let whole = try await TestDatabase.with(engine) { database in
            try await old.load(into: database)
            try await database.migrate(Installation.migrations)
            return try await Rows.all(in: database)
        }
        for moment in Moment.all(of: engine) {
            try await TestDatabase.withAddress(engine) { address in
                try await Self.open(address) { try await old.load(into: $0) }
                try await Self.kill(at: moment, address)
                try await Self.open(address) { database in
                    try await database.migrate(Installation.migrations)
                    #expect(try await Rows.all(in: database) == whole, "killed \(moment)")
                }
            }
        }
    }

    @Test("The migrate command upgrades the database like the server", arguments: TestDatabase.engines)
    func command(engine: Engine) async throws {
        let old = try OldDatabase(engine)
        try await TestDatabase.withAddress(engine) { address in
            try await Self.open(address) { try await old.load(into: $0) }
            let migration = try Self.migration(address)
            #expect(try await migration.ended() == .exited(0), "\(migration.excerpt)")
            try await Self.open(address) { database in
                let number = try await database.schemaNumber()
                #expect(number == Installation.migrations.count)
            }
        }
    }

    private static func migration(_ address: DatabaseAddress) throws -> ChildProcess {
        try ChildProcess.patchbay(["migrate"], environment: ["PATCHBAY_DATABASE_URL": address.configured])
    }

    private static func kill(at moment: Moment, _ address: DatabaseAddress) async throws {
        switch moment {
        case .atOnce:
            try await migration(address).endAbruptly()
        case .opened(let delay):
            guard case .sqlite(let path) = address else { return }
            let migration = try migration(address)
            try await eventually("the program to open its file") {
                !migration.isRunning || hasOpen(path, migration.id)
            }
            // The step that is hit is left to chance.
            try await Task.sleep(for: .milliseconds(delay))
            try await migration.endAbruptly()
        case .waiting(let table, let mode):
            try await open(address) { database in
                try await holding(table, mode, address) {
                    let migration = try migration(address)
                    try await eventually("the program to wait for \(table)") {
                        try await database.read { db in
                            try db.first(
                                SQL(
                                    unchecked: """
                                        SELECT 1 AS waits FROM pg_locks
                                        WHERE NOT granted AND relation = to_regclass('\(table)')
                                        """)) != nil
                        }
                    }
                    try await migration.endAbruptly()
                    #expect(try await database.schemaNumber() == OldDatabase.schema)
                }
            }
        }
    }

    private static func hasOpen(_ path: String, _ process: Int32) -> Bool {
        let folder = "/proc/\(process)/fd"
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.contains { file in
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(file)")) == path
        }
    }

    /// Runs the body while another connection holds a table lock.
    private static func holding(
        _ table: String, _ mode: String, _ address: DatabaseAddress, _ body: @Sendable () async throws -> Void
    ) async throws {
        try await open(address) { other in
            let released = DispatchSemaphore(value: 0)
            let (held, holds) = AsyncStream.makeStream(of: Void.self)
            async let lock: Void = other.write { db in
                defer { holds.finish() }
                try db.execute(SQL(unchecked: "LOCK TABLE \(table) IN \(mode) MODE"))
                holds.finish()
                // Blocks a thread of the database, not of the tests.
                released.wait()
            }
            for await _ in held {}
            let result: Result<Void, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            released.signal()
            try await lock
            try result.get()
        }
    }

    private static func open(
        _ address: DatabaseAddress, _ body: @Sendable (Database) async throws -> Void
    ) async throws {
        let database = try await Database.open(address, connections: 2, logger: TestDatabase.logger)
        let result: Result<Void, any Error>
        do { result = .success(try await body(database)) } catch { result = .failure(error) }
        await database.close()
        try result.get()
    }
}

/// A database as an earlier version left it; see `Tests/Support/OldDatabases`.
private struct OldDatabase: Sendable {
    /// The number of its last migration.
    static let schema = 23

    /// The secret that sealed its credentials.
    let secret: String
    /// The number of sealed texts.
    let sealed: Int
    private let statements: [String]

    init(_ engine: Engine) throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = tests.appending(path: "Support/OldDatabases/schema-\(Self.schema).\(engine.rawValue).sql")
        let text = try String(contentsOf: file, encoding: .utf8)
        let lines = text.components(separatedBy: "\n")
        let mark = "-- PATCHBAY_SECRET="
        let line = try #require(lines.first { $0.hasPrefix(mark) })
        secret = String(line.dropFirst(mark.count))
        sealed = text.components(separatedBy: "'v1.").count - 1
        statements = lines.filter { !$0.isEmpty && !$0.hasPrefix("--") }.map { line in
            line.hasSuffix(";") ? String(line.dropLast()) : line
        }
    }

    func load(into database: Database) async throws {
        try await database.write { [statements] db in
            for statement in statements { try db.execute(SQL(unchecked: statement)) }
        }
    }
}

/// The contents of a database.
private enum Rows {
    /// The sorted rows of each table as text; migrations without their times.
    static func all(in database: Database) async throws -> [String: [String]] {
        try await database.read { db in
            let tables = try db.all(
                SQL(
                    sqlite: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
                    postgres: "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()")
            ).map { try $0["name"] as String }
            var rows: [String: [String]] = [:]
            for table in tables {
                let line = try table == "schema_migrations" ? "number || ' ' || name" : wholeRow(of: table, in: db)
                let lines = try db.all(SQL(unchecked: "SELECT \(line) AS line FROM \(table) AS t"))
                rows[table] = try lines.map { try $0["line"] as String }.sorted()
            }
            return rows
        }
    }

    /// An expression for a whole row.
    private static func wholeRow(of table: String, in db: Connection) throws -> String {
        switch db.engine {
        case .postgres: return "CAST(t.* AS text)"
        case .sqlite:
            let columns = try db.all(SQL(unchecked: "SELECT name FROM pragma_table_info('\(table)')"))
            return try columns.map { "quote(\(try $0["name"] as String))" }.joined(separator: " || ',' || ")
        }
    }
}

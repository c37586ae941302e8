import BoundaryText
import Foundation

/// One step of the schema. Numbered, append-only: a step that was released is never edited.
public struct Migration: Sendable {
    /// Ascending without gaps over the whole program.
    public let number: Int
    /// A few words, kept in the database for whoever looks there.
    public let name: String
    /// Run in one transaction, in both engines.
    public let statements: [SQL]

    /// Describes a step.
    public init(_ number: Int, _ name: String, _ statements: [SQL]) {
        self.number = number
        self.name = name
        self.statements = statements
    }
}

extension Database {
    /// Brings the schema up to date, one step per transaction and under a lock, so that several servers may start at
    /// once and a killed migration goes on where it was.
    /// - Returns: the steps that this call applied.
    /// - Throws: ``DatabaseError/newerSchema(database:program:)`` when a newer program was here,
    ///   ``DatabaseError/setup(_:)`` when a number is missing or used twice.
    @discardableResult
    public func migrate(_ migrations: [Migration]) async throws -> [Migration] {
        let ordered = migrations.sorted { $0.number < $1.number }
        if let wrong = zip(ordered.map(\.number), 1...max(1, ordered.count)).first(where: { $0 != $1 }) {
            throw DatabaseError.setup("migration \(wrong.1) is missing, or another one is there twice")
        }
        try await write { db in
            try Self.lockMigrations(in: db)
            try db.execute(
                """
                CREATE TABLE IF NOT EXISTS schema_migrations (
                    number BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)
                """)
        }
        var applied: [Migration] = []
        while let step = try await applyNext(of: ordered) { applied.append(step) }
        return applied
    }

    /// The number of the newest step in the database; 0 when it is empty.
    public func schemaNumber() async throws -> Int {
        do {
            return try await read { db in
                try db.first("SELECT COALESCE(MAX(number), 0) AS number FROM schema_migrations")?["number"] ?? 0
            }
        } catch DatabaseError.statement {
            return 0
        }
    }

    /// One server at a time; the others wait as long as the first one's step takes. SQLite has one writer anyway.
    private static func lockMigrations(in db: Connection) throws {
        guard db.engine == .postgres else { return }
        try db.execute("SET LOCAL lock_timeout = 0")
        _ = try db.all("SELECT pg_advisory_xact_lock(hashtextextended('patchbay migrations ' || current_schema(), 7))")
    }

    private func applyNext(of ordered: [Migration]) async throws -> Migration? {
        try await write { db in
            try Self.lockMigrations(in: db)
            let reached: Int =
                try db.first("SELECT COALESCE(MAX(number), 0) AS number FROM schema_migrations")?["number"] ?? 0
            guard reached <= ordered.count else {
                throw DatabaseError.newerSchema(database: reached, program: ordered.count)
            }
            guard reached < ordered.count else { return nil }
            let step = ordered[reached]
            for statement in step.statements { try db.execute(statement) }
            try db.execute(
                "INSERT INTO schema_migrations VALUES (\(step.number), \(step.name), \(Date()))")
            return step
        }
    }
}

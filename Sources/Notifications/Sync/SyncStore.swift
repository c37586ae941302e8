import Accounts
import BoundaryText
import Database
import Foundation
import Jobs
import Ticketing

/// The syncs' SQL.
enum SyncStore {
    static func find(_ id: Sync.ID, in db: Connection) throws -> Sync? {
        try db.first("SELECT * FROM syncs WHERE id = \(id)")
    }

    /// An organization's syncs of active connections, with the names of the connections.
    static func all(
        of organization: Organization.ID, kinds: [Sync.Kind] = Sync.Kind.allCases, in db: Connection
    ) throws -> [(sync: Sync, connectionName: String)] {
        try db.all(
            """
            SELECT s.*, COALESCE(p.name, c.name) AS connection_name FROM syncs s
            LEFT JOIN psa_connections p ON p.id = s.psa_connection_id
            LEFT JOIN chat_connections c ON c.id = s.chat_connection_id
            WHERE s.organization_id = \(organization) AND s.kind IN (\(list: kinds))
                AND COALESCE(p.active, c.active) = 1
            ORDER BY s.id LIMIT 1000
            """
        ).map { row in (try Sync(row: row), try row["connection_name"]) }
    }

    /// Makes what is missing, so that each active connection has all its syncs.
    /// - Returns: how many were missing.
    @discardableResult
    static func makeMissing(now: Date, in db: Connection) throws -> Int {
        var made = 0
        for kind in Sync.Kind.allCases {
            let (table, column) = SQL.connection(of: kind)
            made += try db.execute(
                """
                INSERT INTO syncs (organization_id, kind, \(column), state, next_run_at)
                SELECT c.organization_id, \(kind), c.id, \(Sync.State.idle), \(now) FROM \(table) c
                WHERE c.active = 1 AND NOT EXISTS (
                    SELECT 1 FROM syncs s WHERE s.\(column) = c.id AND s.kind = \(kind))
                ON CONFLICT DO NOTHING
                """)
        }
        return made
    }

    /// Whether there is nothing to make and nothing to start; a read, so that idle servers do not write.
    static func isQuiet(now: Date, in db: Connection) throws -> Bool {
        if try !due(now: now, limit: 1, in: db).isEmpty { return false }
        for kind in Sync.Kind.allCases {
            let (table, column) = SQL.connection(of: kind)
            let missing = try db.first(
                """
                SELECT 1 FROM \(table) c WHERE c.active = 1 AND NOT EXISTS (
                    SELECT 1 FROM syncs s WHERE s.\(column) = c.id AND s.kind = \(kind)) LIMIT 1
                """)
            if missing != nil { return false }
        }
        return true
    }

    /// Has a sync start, unless it is under way already.
    /// - Returns: the job that does it; nil when it was under way.
    static func queue(_ id: Sync.ID, boards: [Board.ID] = [], now: Date, in db: Connection) throws -> NewJob? {
        let boards = boards.map(\.rawValue).joined(separator: ",")
        // What is asked for again while it waits or runs is that same run.
        let row = try db.first(
            """
            UPDATE syncs SET state = \(Sync.State.queued), run = run + 1, boards = \(boards), position = NULL, done = 0,
                total = NULL, started_at = NULL, last_error = NULL, newest = NULL, missed = 0
            WHERE id = \(id) AND state IN ('idle', 'failed') RETURNING *
            """)
        return try row.map { try SyncJob.job(for: Sync(row: $0), now: now) }
    }

    /// Ends a run that waits or is under way: a step that still goes on finds that the run is another one, and stores
    /// nothing of it.
    /// - Returns: false when nothing was under way.
    static func cancel(_ id: Sync.ID, reason: String, next: Date?, in db: Connection) throws -> Bool {
        try db.execute(
            """
            UPDATE syncs SET state = \(Sync.State.idle), run = run + 1, position = NULL, last_error = \(reason),
                next_run_at = \(orNull: next) WHERE id = \(id) AND state IN ('queued', 'running')
            """) == 1
    }

    /// The scheduled syncs of active connections whose time has come.
    static func due(now: Date, limit: Int = 100, in db: Connection) throws -> [Sync] {
        try db.all(
            """
            SELECT s.* FROM syncs s
            LEFT JOIN psa_connections p ON p.id = s.psa_connection_id
            LEFT JOIN chat_connections c ON c.id = s.chat_connection_id
            WHERE s.state IN ('idle', 'failed') AND s.next_run_at <= \(now) AND COALESCE(p.active, c.active) = 1
            ORDER BY s.next_run_at LIMIT \(limit)
            """)
    }
}

extension SQL {
    /// The table of connections that a kind of sync belongs to, and the column that names one of them.
    fileprivate static func connection(of kind: Sync.Kind) -> (table: SQL, column: SQL) {
        kind.isOfChat ? ("chat_connections", "chat_connection_id") : ("psa_connections", "psa_connection_id")
    }
}

import API
import Accounts
import BoundaryText
import Database
import Foundation
import Jobs

/// The syncs' SQL. The table has one row for each kind and connection, which is also the record of its last run.
struct SyncStore: Sendable {
    let plans: [SyncPlan]

    private var families: [ConnectionFamily] {
        plans.map(\.family).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// Nil for one of a connection that no feature knows any more.
    private func sync(_ row: Row) throws -> Sync? {
        for family in families {
            if let id: Int64 = try row[family.columnName] {
                return try Sync(row: row, of: ConnectionKey(family: family, id: id))
            }
        }
        return nil
    }

    func find(_ id: Sync.ID, in db: Connection) throws -> Sync? {
        try db.first("SELECT * FROM syncs WHERE id = \(id)").flatMap(sync)
    }

    /// Each connection beside the syncs `s` that belong to it.
    private var joins: SQL {
        families.enumerated().reduce("" as SQL) { joins, item in
            let name = SQL(unchecked: "c\(item.offset)")
            return joins + " LEFT JOIN \(item.element.table) \(name) ON \(name).id = s.\(item.element.column)"
        }
    }

    /// A column of whichever connection it is.
    private func column(_ name: String) -> SQL {
        SQL(unchecked: "COALESCE(\(families.indices.map { "c\($0).\(name)" }.joined(separator: ", ")), NULL)")
    }

    /// An organization's syncs of active connections, with the names of the connections.
    func all(
        of organization: Organization.ID, kinds: [Sync.Kind]? = nil, in db: Connection
    ) throws -> [SyncEngine.Named] {
        try db.all(
            """
            SELECT s.*, \(column("name")) AS connection_name FROM syncs s\(joins)
            WHERE s.organization_id = \(organization) AND s.kind IN (\(list: kinds ?? plans.map(\.kind)))
                AND \(column("active")) = 1
            ORDER BY s.id LIMIT 1000
            """
        ).compactMap { row in try sync(row).map { ($0, try row["connection_name"]) } }
    }

    /// Makes what is missing, so that each active connection has all its syncs.
    func makeMissing(now: Date, in db: Connection) throws {
        for plan in plans {
            let (table, column) = (plan.family.table, plan.family.column)
            try db.execute(
                """
                INSERT INTO syncs (organization_id, kind, \(column), state, next_run_at)
                SELECT c.organization_id, \(plan.kind), c.id, \(Sync.State.idle), \(now) FROM \(table) c
                WHERE c.active = 1 AND NOT EXISTS (
                    SELECT 1 FROM syncs s WHERE s.\(column) = c.id AND s.kind = \(plan.kind))
                ON CONFLICT DO NOTHING
                """)
        }
    }

    /// Whether there is nothing to make and nothing to start; a read, so that idle servers do not write.
    func isQuiet(now: Date, in db: Connection) throws -> Bool {
        if try !due(now: now, limit: 1, in: db).isEmpty { return false }
        for plan in plans {
            let (table, column) = (plan.family.table, plan.family.column)
            let missing = try db.first(
                """
                SELECT 1 FROM \(table) c WHERE c.active = 1 AND NOT EXISTS (
                    SELECT 1 FROM syncs s WHERE s.\(column) = c.id AND s.kind = \(plan.kind)) LIMIT 1
                """)
            if missing != nil { return false }
        }
        return true
    }

    /// Has a sync start, unless it is under way already.
    /// - Returns: the job that does it; nil when it was under way.
    func queue(_ sync: Sync, parts: [String] = [], now: Date, in db: Connection) throws -> NewJob? {
        try Self.queue(sync.connection, "id = \(sync.id)", parts: parts, now: now, in: db)
    }

    /// Has a connection's sync of a kind start, unless it is under way already, or there is none yet.
    static func queue(
        _ kind: Sync.Kind, of connection: ConnectionKey, now: Date, in db: Connection
    ) throws -> NewJob? {
        try queue(
            connection, "\(connection.family.column) = \(connection.id) AND kind = \(kind)", parts: [], now: now,
            in: db)
    }

    private static func queue(
        _ connection: ConnectionKey, _ condition: SQL, parts: [String], now: Date, in db: Connection
    ) throws -> NewJob? {
        // What is asked for again while it waits or runs is that same run.
        let row = try db.first(
            """
            UPDATE syncs SET state = \(Sync.State.queued), run = run + 1, boards = \(parts.joined(separator: ",")),
                position = NULL, done = 0, total = NULL, started_at = NULL, last_error = NULL
            WHERE \(condition) AND state IN ('idle', 'failed') RETURNING *
            """)
        return try row.map { try SyncJob.job(for: Sync(row: $0, of: connection), now: now) }
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
    func due(now: Date, limit: Int = 100, in db: Connection) throws -> [Sync] {
        try db.all(
            """
            SELECT s.* FROM syncs s\(joins)
            WHERE s.state IN ('idle', 'failed') AND s.next_run_at <= \(now) AND \(column("active")) = 1
            ORDER BY s.next_run_at LIMIT \(limit)
            """
        ).compactMap(sync)
    }

    /// The syncs that follow the change of a connection.
    func following(
        _ connection: ConnectionKey, of organization: Organization.ID, where applies: (SyncPlan) -> Bool,
        in db: Connection
    ) throws -> [Sync] {
        let plans = plans.filter { $0.follows.contains(connection.family) && applies($0) }
        let own = plans.filter { $0.family == connection.family }.map(\.kind)
        let others = plans.filter { $0.family != connection.family }.map(\.kind)
        return try db.all(
            """
            SELECT * FROM syncs WHERE (\(connection.family.column) = \(connection.id) AND kind IN (\(list: own)))
                OR (organization_id = \(organization) AND kind IN (\(list: others)))
            """
        ).compactMap(sync)
    }
}

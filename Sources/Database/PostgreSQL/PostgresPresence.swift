import BoundaryText

/// Who is there: a lock for each name, held by a connection and gone with it, however that ends. Shared, since a connection
/// that was reset may still hold it for the server while the next one takes it.
enum PostgresPresence {
    static func show(_ name: String, on connection: PostgresConnection) throws {
        _ = try connection.all(
            "SELECT pg_advisory_lock_shared(hashtextextended('patchbay ' || \(name), 23))")
    }

    /// The names without a lock. PostgreSQL shows the key in two halves (manual, pg_locks).
    static func absent(_ names: [String]) -> SQL {
        """
        SELECT v.column1 AS name FROM (VALUES \(column: names)) AS v
        WHERE hashtextextended('patchbay ' || v.column1, 23) NOT IN (
            SELECT (l.classid::bigint << 32) | l.objid::bigint FROM pg_locks l
            WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
                AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
        """
    }
}

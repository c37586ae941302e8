import BoundaryText
import Connections
import Database
import Foundation

/// Single things that a ticketing system refuses us, such as one ticket: the rest goes on, and people see at the
/// connection what is missing and why.
public enum Refusals {
    /// The entries of tickets' time.
    public static let timeEntries = "time entries"
    /// One ticket.
    public static func ticket(_ id: Ticket.ID) -> String { "ticket \(id)" }
    /// The statuses of one board.
    public static func statuses(of board: String) -> String { "statuses of the board \(board)" }

    // More is no longer read by anybody.
    private static let mostShown = 5

    /// Notes that something is refused.
    public static func note(
        _ what: String, reason: String, of connection: PSAConnection.ID, now: Date, in db: Connection
    ) throws {
        _ = db.isNews(true, for: "refusals of \(connection)")
        try db.execute(
            """
            INSERT INTO psa_refusals (connection_id, what, reason, since)
            VALUES (\(connection), \(what), \(reason), \(now)) ON CONFLICT (connection_id, what) DO NOTHING
            """)
        // Also when it was known: a test or a change of the connection takes the words away.
        try show(connection, in: db)
    }

    /// Notes that things are no longer refused.
    public static func clear(_ what: [String], of connection: PSAConnection.ID, in db: Connection) throws {
        // Mostly there are none, which need not be looked for again for each job of a transaction.
        let areThere = try db.remembered("refusals of \(connection)") {
            try db.first("SELECT 1 AS there FROM psa_refusals WHERE connection_id = \(connection) LIMIT 1") != nil
        }
        guard areThere else { return }
        let cleared = try db.execute(
            "DELETE FROM psa_refusals WHERE connection_id = \(connection) AND what IN (\(list: what))")
        if cleared > 0 { try show(connection, in: db) }
    }

    /// Puts it where the state is shown, unless the connection is paused and says why.
    private static func show(_ connection: PSAConnection.ID, in db: Connection) throws {
        let rows = try db.all(
            """
            SELECT what, reason FROM psa_refusals WHERE connection_id = \(connection)
            ORDER BY since DESC, what LIMIT \(mostShown + 1)
            """
        ).map { row in (what: try row["what"] as String, reason: try row["reason"] as String) }
        let shown = rows.prefix(mostShown).map { "\($0.what) (\($0.reason))" }.joined(separator: "; ")
        let reason =
            rows.isEmpty ? nil : "ConnectWise denies access to: \(shown)\(rows.count > mostShown ? "; and more." : ".")"
        try db.execute(
            """
            UPDATE psa_connections SET state_reason = \(orNull: reason)
            WHERE id = \(connection) AND state = \(ConnectionState.ok)
            """)
    }
}

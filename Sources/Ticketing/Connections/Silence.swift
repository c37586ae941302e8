import Accounts
import BoundaryText
import Connections
import Database
import Foundation
import Jobs

extension Alert.Kind {
    /// A ticketing system has stopped calling us.
    public static let silence = Alert.Kind(rawValue: "silence")
}

/// The alarm for a ticketing system that has stopped calling us, raised by catch-up, which does not depend on hooks.
enum Silence {
    /// Raises an alert when a complete run has found changes that callbacks should have reported: the connection is shown as
    /// silent, the registration of our callback is checked at once, and the administrators are notified.
    /// - Returns: the jobs that do that.
    static func check(
        _ connection: PSAConnection, missed: Int, watchedSince: Date, now: Date, in db: Connection
    ) throws -> [NewJob] {
        guard missed > 0 else { return [] }
        let settings = try TicketingSettings.of(connection.organization, in: db)
        let row = try db.first("SELECT last_hook_at, silent_since FROM psa_connections WHERE id = \(connection.id)")
        guard let row, try row["silent_since"] as Date? == nil else { return [] }
        let lastHook: Date? = try row["last_hook_at"]
        guard
            CatchUp.isSilent(
                lastHook: lastHook, watchedSince: watchedSince, missed: missed,
                alarmAfter: settings.silenceAlertMinutes, now: now)
        else { return [] }
        try db.send("UPDATE psa_connections SET silent_since = \(now) WHERE id = \(connection.id)")
        db.signal(.connections)
        let repair = try SyncEngine.start(.callbacks, of: ConnectionFamily.psa(connection.id), now: now, in: db)
        let name = connection.name
        let alert = try Alert.raise(
            .silence, on: subject(connection.id), of: connection.organization,
            title: "\(name) has stopped sending callbacks.",
            words: """
                No callback has arrived for at least \(settings.silenceAlertMinutes) minutes, although \(missed) \
                tickets changed. Nothing is lost: catch-up finds the changes, but messages are up to five minutes late. \
                Patchbay is restoring its callback in \(name). If this continues, check that \(name) can reach this \
                server.
                """, now: now, in: db)
        return [repair].compactMap(\.self) + alert
    }

    /// Ends the alarm without a word, because the connection goes.
    static func forget(_ connection: PSAConnection, now: Date, in db: Connection) throws {
        _ = try Alert.end(.silence, on: subject(connection.id), of: connection.organization, now: now, in: db)
    }

    private static func subject(_ id: PSAConnection.ID) -> String { "psa_connection:\(id)" }

    /// Notes that hooks came, and ends the alarm.
    /// - Returns: the connections whose alarm ended, and the jobs that tell of it.
    static func note(
        hooks: [PSAConnection.ID: Date], now: Date, in db: Connection
    ) throws -> (ended: [PSAConnection], jobs: [NewJob]) {
        var ended: [PSAConnection] = []
        var jobs: [NewJob] = []
        for (id, instant) in hooks.sorted(by: { $0.key < $1.key }) {
            let connection: PSAConnection? = try db.first(
                """
                UPDATE psa_connections SET last_hook_at = \(instant), silent_since = NULL WHERE id = \(id)
                    AND COALESCE(last_hook_at, 0) < \(instant) RETURNING *
                """)
            guard let connection else { continue }
            // Asked of the alert, which another server may have raised this moment.
            let told = try Alert.end(
                .silence, on: subject(id), of: connection.organization,
                "\(connection.name) is sending callbacks again.", now: now, in: db)
            if !told.isEmpty { ended.append(connection) }
            jobs += told
        }
        if !ended.isEmpty { db.signal(.connections) }
        return (ended, jobs)
    }
}

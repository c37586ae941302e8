import Database
import Foundation
import Jobs
import Ticketing

/// The alarm for a ticketing system that has stopped calling us, raised by catch-up, which does not depend on hooks.
enum Silence {
    /// Raises the alarm when a complete look has found what hooks should have told: the connection is shown silent, the
    /// registration of our callback is looked after at once, and the administrators are told.
    /// - Returns: the jobs that do that.
    static func check(
        _ connection: PSAConnection, missed: Int, watchedSince: Date, now: Date, in db: Connection
    ) throws -> [NewJob] {
        guard missed > 0 else { return [] }
        let settings = try NotificationSettings.of(connection.organization, in: db)
        let row = try db.first("SELECT last_hook_at, silent_since FROM psa_connections WHERE id = \(connection.id)")
        guard let row, try row["silent_since"] as Date? == nil else { return [] }
        let lastHook: Date? = try row["last_hook_at"]
        guard
            CatchUp.isSilent(
                lastHook: lastHook, watchedSince: watchedSince, missed: missed,
                alarmAfter: settings.silenceAlarmMinutes, now: now)
        else { return [] }
        try db.send("UPDATE psa_connections SET silent_since = \(now) WHERE id = \(connection.id)")
        db.signal(.connections)
        let callbacks = try db.first(
            """
            SELECT * FROM syncs WHERE psa_connection_id = \(connection.id) AND kind = \(Sync.Kind.callbacks)
            """, as: Sync.self)
        let repair = try callbacks.flatMap { try SyncStore.queue($0.id, now: now, in: db) }
        return [repair].compactMap(\.self)
    }

    /// Notes that hooks came, and ends the alarm.
    /// - Returns: the connections whose alarm ended.
    static func note(
        hooks: [PSAConnection.ID: Date], in db: Connection
    ) throws -> [PSAConnection.ID] {
        var ended: [PSAConnection.ID] = []
        for (id, instant) in hooks.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            let before = try db.first("SELECT silent_since FROM psa_connections WHERE id = \(id)")
            try db.send(
                """
                UPDATE psa_connections SET last_hook_at = \(instant), silent_since = NULL WHERE id = \(id)
                    AND COALESCE(last_hook_at, 0) < \(instant)
                """)
            if try before?["silent_since"] as Date? != nil { ended.append(id) }
        }
        if !ended.isEmpty { db.signal(.connections) }
        return ended
    }
}

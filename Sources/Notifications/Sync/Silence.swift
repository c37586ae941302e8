import BoundaryText
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
        let name = MessageRenderer.line(connection.name)
        let alarm = try NoticeStore.tellAdministrators(
            .silence,
            """
            **\(name) has stopped telling us of changes.** No callback has come for at least \
            \(settings.silenceAlarmMinutes) minutes, although \(missed) tickets changed. The changes were found by looking, \
            so nothing is lost; messages come up to five minutes late. Patchbay is looking after its callback in \(name); \
            if this lasts, check that \(name) can reach this server.
            """, of: connection.organization, now: now, in: db)
        return [repair].compactMap(\.self) + alarm
    }

    /// Notes that hooks came, and ends the alarm.
    /// - Returns: the connections whose alarm ended, and the jobs that tell of it.
    static func note(
        hooks: [PSAConnection.ID: Date], now: Date, in db: Connection
    ) throws -> (ended: [PSAConnection], jobs: [NewJob]) {
        var ended: [PSAConnection] = []
        var jobs: [NewJob] = []
        for (id, instant) in hooks.sorted(by: { $0.key < $1.key }) {
            let before: PSAConnection? = try db.first("SELECT * FROM psa_connections WHERE id = \(id)")
            try db.send(
                """
                UPDATE psa_connections SET last_hook_at = \(instant), silent_since = NULL WHERE id = \(id)
                    AND COALESCE(last_hook_at, 0) < \(instant)
                """)
            guard let before, before.silentSince != nil else { continue }
            ended.append(before)
            jobs += try NoticeStore.tellAdministrators(
                .recovered, "**\(MessageRenderer.line(before.name)) tells us of changes again.**",
                of: before.organization, now: now, in: db)
        }
        if !ended.isEmpty { db.signal(.connections) }
        return (ended, jobs)
    }
}

import Accounts
import BoundaryText
import Database
import Foundation
import Jobs

/// What every connection to an outside system has in common: comparing it with what we have, by schedule and on demand.
public struct ConnectionsFeature: Sendable {
    /// See ``Feature/Plan``.
    public static let plan = Feature.Plan("connections")

    /// The feature as the server runs it.
    public let feature: Feature

    /// - Parameters:
    ///   - plans: all kinds of syncs that there are.
    ///   - runners: what does them.
    ///   - now: the wall clock.
    public init(
        database: Database, syncs: SyncEngine, plans: [SyncPlan], runners: [SyncRunner], schedule: SyncSchedule,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        var feature = Feature(Self.plan)
        feature.operations = syncRoutes(syncs, runners: runners)
        feature.handlers = [
            SyncJob(database: database, plans: plans, runners: runners, schedule: schedule, now: now)
        ]
        feature.upkeep = [.init("schedule of syncs", isForWorkers: true) { await syncs.run() }]
        feature.topics = [LiveTopic("syncs") { try SyncStore.fingerprint($0, in: $1) }]
        self.feature = feature
    }
}

extension SyncStore {
    /// See ``LiveTopic``.
    static func fingerprint(_ audience: LiveAudience, in db: Connection) throws -> [Int64] {
        guard let condition = audience.condition else { return [] }
        return try db.numbers(
            """
            SELECT COALESCE(SUM(done), 0) AS a, COALESCE(SUM(run), 0) AS b, COALESCE(MAX(started_at), 0) AS c,
                COALESCE(MAX(finished_at), 0) AS d, COALESCE(SUM(LENGTH(last_error)), 0) AS e
            FROM syncs WHERE \(condition)
            """, ["a", "b", "c", "d", "e"])
    }
}

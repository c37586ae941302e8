import API
import BoundaryText
import Database
import Foundation
import Jobs

/// The job that takes one step of a sync: a page of a list, mostly. Each step stores what it found together with how far the
/// run is and the job for the next step, so a run goes on where it was, whatever was killed in between.
public struct SyncJob: JobHandler {
    /// Which run.
    public struct Payload: Codable, Sendable {
        let sync: Sync.ID
        let run: Int
    }

    /// Stored; never renamed.
    public static let kind = JobKind(rawValue: "sync")
    /// Short: the next run starts by itself, and a run that hangs for hours helps no one.
    public let schedule = RetrySchedule([.seconds(2), .seconds(10), .seconds(30), .minutes(2)])

    private let database: Database
    private let store: SyncStore
    private let runners: [Sync.Kind: SyncRunner]
    private let syncSchedule: SyncSchedule
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - plans: all kinds that there are.
    ///   - runners: what does them.
    ///   - schedule: when runs follow each other.
    ///   - now: the wall clock.
    public init(
        database: Database, plans: [SyncPlan], runners: [SyncRunner], schedule: SyncSchedule,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.database = database
        store = SyncStore(plans: plans)
        self.runners = Dictionary(runners.map { ($0.kind, $0) }, uniquingKeysWith: { $1 })
        syncSchedule = schedule
        self.now = now
    }

    /// The next step of a run.
    static func job(for sync: Sync, now: Date) throws -> NewJob {
        try job(
            Payload(sync: sync.id, run: sync.run), lane: "sync:\(sync.id)", laneGroup: sync.connection.laneGroup,
            coalesces: true, runAt: now)
    }

    /// See ``JobHandler``.
    public func run(_ payload: Payload, of job: ClaimedJob) async -> JobOutcome {
        do {
            guard let sync = try await begun(payload) else { return .done() }
            guard let runner = runners[sync.kind] else {
                return .done { db in try finish(sync, error: "no feature does this sync any more", in: db) }
            }
            do {
                guard let step = try await runner.step(sync) else {
                    return .done { db in try finish(sync, error: nil, in: db) }
                }
                return .followed { db in try store(step, of: sync, in: db) }
            } catch {
                switch try await runner.failure(error, sync) {
                case .pause(let reason, let time, let effect):
                    return .pause(reason, for: time) { db in
                        try effect?(db)
                        try note(reason, sync, in: db)
                    }
                case .cannot(let reason): return .done { db in try finish(sync, error: reason, in: db) }
                case nil: return failure("\(error)", sync, job)
                }
            }
        } catch {
            return .retry("\(error)")
        }
    }

    /// The run as it is now, marked as running; nil when it is over or another one took its place.
    private func begun(_ payload: Payload) async throws -> Sync? {
        let (store, instant) = (store, now())
        let read = try await database.read { try store.find(payload.sync, in: $0) }
        guard let sync = read, sync.run == payload.run else { return nil }
        switch sync.state {
        case .idle, .failed: return nil
        case .running: return sync
        case .queued: break
        }
        return try await database.write { db in
            let begun = try db.execute(
                """
                UPDATE syncs SET state = \(Sync.State.running), started_at = \(instant)
                WHERE id = \(sync.id) AND run = \(sync.run)
                """)
            return begun > 0 ? try store.find(sync.id, in: db) : nil
        }
    }

    // MARK: Endings

    private func store(_ step: SyncStep, of sync: Sync, in db: Connection) throws -> [NewJob] {
        let total = step.total ?? sync.total
        let written = try db.execute(
            """
            UPDATE syncs SET position = \(orNull: step.next), done = \(step.done), total = \(orNull: total),
                last_error = NULL
            WHERE id = \(sync.id) AND run = \(sync.run)
            """)
        guard written > 0 else { return [] }
        var jobs = try step.store(db)
        if step.next == nil {
            try finish(sync, error: nil, in: db)
        } else {
            jobs.append(try Self.job(for: sync, now: now()))
        }
        return jobs
    }

    private func finish(_ sync: Sync, error: String?, in db: Connection) throws {
        let instant = now()
        try db.send(
            """
            UPDATE syncs SET state = \(error == nil ? Sync.State.idle : .failed), position = NULL,
                finished_at = \(instant), last_error = \(orNull: error),
                next_run_at = \(orNull: syncSchedule.next(sync.kind, after: instant))
            WHERE id = \(sync.id) AND run = \(sync.run)
            """)
    }

    private func note(_ error: String, _ sync: Sync, in db: Connection) throws {
        try db.send("UPDATE syncs SET last_error = \(error) WHERE id = \(sync.id) AND run = \(sync.run)")
    }

    private func failure(_ error: String, _ sync: Sync, _ job: ClaimedJob) -> JobOutcome {
        // A run that gave up is shown as such; it is not a job that waits for a person.
        guard job.failures < schedule.delays.count else {
            return .done { db in try finish(sync, error: error, in: db) }
        }
        return .retry(error) { db in try note(error, sync, in: db) }
    }
}

import BoundaryText
import Database
import Foundation

extension Signal {
    /// There may be jobs to claim.
    public static let jobs = Signal(rawValue: "jobs")
}

/// The durable queue: a table in the same database, so that work is enqueued in the transaction that makes it necessary.
///
/// Lanes: only the job at the head of a lane is `ready`; who settles it promotes the next. On PostgreSQL both, and
/// enqueuing, take the lane's advisory lock first, since otherwise a job could be put behind one that is just leaving.
public struct JobQueue: Sendable {
    /// The most jobs that one statement enqueues.
    static let chunk = 64

    /// Makes a queue; all its state is in the database.
    public init() {}

    /// Enqueues jobs in the caller's transaction and wakes the workers when it is committed.
    public func enqueue(_ jobs: [NewJob], now: Date, in db: Connection) throws {
        guard !jobs.isEmpty else { return }
        try lock(lanes: jobs.compactMap(\.lane), in: db)
        var absorbed: Set<String> = []
        var lanesAhead: Set<String> = []
        var rows: [[SQLValue]] = []
        for job in jobs {
            if job.coalesces, let lane = job.lane, !absorbed.insert(job.kind.rawValue + "\n" + lane).inserted {
                continue
            }
            // A second job of a lane within the same call is behind the first, which the statement cannot see.
            let follows = job.lane.map { !lanesAhead.insert($0).inserted } ?? false
            rows.append([
                job.kind.sqlValue, job.payload.sqlValue, job.lane.sqlValue, job.laneGroup.sqlValue,
                job.coalesces.sqlValue, job.runAt.sqlValue, follows.sqlValue,
            ])
        }
        for start in stride(from: 0, to: rows.count, by: Self.chunk) {
            let values = Array(rows[start..<min(start + Self.chunk, rows.count)])
            try db.send(
                """
                INSERT INTO jobs (kind, payload, lane, lane_group, coalesces, state, run_at, created_at)
                SELECT v.column1, v.column2, v.column3, v.column4, v.column5,
                    CASE WHEN v.column7 = 1 OR EXISTS (
                        SELECT 1 FROM jobs j WHERE j.lane = v.column3 AND j.state IN ('ready', 'waiting', 'running'))
                    THEN 'waiting' ELSE 'ready' END,
                    COALESCE((
                        SELECT p.until FROM lane_pauses p
                        WHERE p.lane_group = v.column4 AND p.until > v.column6), v.column6),
                    \(now)
                FROM (VALUES \(rows: values)) AS v WHERE true
                ON CONFLICT (kind, lane) WHERE coalesces = 1 AND state IN ('ready', 'waiting')
                DO UPDATE SET run_at = excluded.run_at WHERE jobs.run_at > excluded.run_at
                """)
        }
        db.signal(.jobs)
    }

    /// Takes jobs that are due, oldest first.
    /// - Returns: the jobs, and if fewer than asked for were due, when the next one will be.
    public func claim(
        worker: String, limit: Int, lease: Duration, now: Date, in db: Connection
    ) throws -> (jobs: [ClaimedJob], nextDue: Date?) {
        let until = now.addingTimeInterval(lease.seconds)
        let due: SQL =
            "SELECT id FROM jobs WHERE state = 'ready' AND run_at <= \(now) ORDER BY run_at, id LIMIT \(limit)"
        let take: SQL =
            "UPDATE jobs SET state = 'running', fence = fence + 1, worker = \(worker), lease_until = \(until)"
        let columns: SQL = """
            RETURNING jobs.id, kind, payload, lane, lane_group, fence, failures, interrupted, created_at
            """
        let jobs = try db.all(
            SQL(
                sqlite: take + " WHERE id IN (" + due + ") " + columns,
                // MATERIALIZED: the planner may otherwise run the limited subquery more than once.
                postgres: "WITH due AS MATERIALIZED (" + due + " FOR UPDATE SKIP LOCKED) " + take
                    + " FROM due WHERE jobs.id = due.id " + columns),
            as: ClaimedJob.self)
        guard jobs.count < limit else { return (jobs, nil) }
        let next: Date? = try db.first("SELECT MIN(run_at) AS due FROM jobs WHERE state = 'ready'")?["due"]
        return (jobs.sorted { $0.id < $1.id }, next)
    }

    /// Prolongs the leases of jobs that the worker knows it holds. Not of all that are in its name: it may have claimed
    /// some without hearing of it, when the connection was cut during the commit. Those have to run out.
    public func heartbeat(
        worker: String, holding ids: [ClaimedJob.ID], lease: Duration, now: Date, in db: Connection
    ) throws {
        guard !ids.isEmpty else { return }
        try db.execute(
            """
            UPDATE jobs SET lease_until = \(now.addingTimeInterval(lease.seconds))
            WHERE id IN (\(list: ids)) AND state = 'running' AND worker = \(worker)
            """)
    }

    /// Hands back the jobs of workers that are gone: those whose lease ran out, or all when this process is the only one.
    /// - Returns: how many.
    @discardableResult
    public func rescue(everything: Bool = false, now: Date, in db: Connection) throws -> Int {
        let lost: SQL = everything ? "state = 'running'" : "state = 'running' AND lease_until < \(now)"
        return try handBack(where: lost, now: now, in: db)
    }

    /// Hands back what a worker holds when it stops.
    public func handBack(worker: String, now: Date, in db: Connection) throws {
        try handBack(where: "state = 'running' AND worker = \(worker)", now: now, in: db)
    }

    @discardableResult
    private func handBack(where lost: SQL, now: Date, in db: Connection) throws -> Int {
        let lanes = try db.all("SELECT lane FROM jobs WHERE \(lost) AND lane IS NOT NULL").map { row -> String in
            try row["lane"]
        }
        try lock(lanes: lanes, in: db)
        // What had gathered behind an absorbing job is absorbed by its next run.
        try db.execute(
            """
            DELETE FROM jobs WHERE coalesces = 1 AND state = 'waiting' AND lane IN (
                SELECT lane FROM jobs WHERE \(lost)) AND EXISTS (
                SELECT 1 FROM jobs r WHERE r.lane = jobs.lane AND r.kind = jobs.kind AND r.coalesces = 1
                    AND r.state = 'running')
            """)
        let count = try db.execute(
            """
            UPDATE jobs SET state = 'ready', run_at = \(now), interrupted = 1, worker = NULL, lease_until = NULL
            WHERE \(lost)
            """)
        if count > 0 { db.signal(.jobs) }
        return count
    }

    /// How many jobs are in which state.
    public func counts(in db: Connection) throws -> JobCounts {
        var counts = JobCounts()
        for row in try db.all("SELECT state, COUNT(*) AS number FROM jobs GROUP BY state") {
            let state: String = try row["state"]
            switch state {
            case "ready": counts.ready = try row["number"]
            case "waiting": counts.waiting = try row["number"]
            case "running": counts.running = try row["number"]
            default: counts.parked = try row["number"]
            }
        }
        return counts
    }

    /// Serializes work on lanes between servers; SQLite has one writer anyway.
    func lock(lanes: [String], in db: Connection) throws {
        guard db.engine == .postgres else { return }
        // Everybody locks in the same order, so that two transactions do not wait for each other.
        let ordered = Set(lanes).sorted()
        guard !ordered.isEmpty else { return }
        try db.send(
            """
            SELECT pg_advisory_xact_lock(hashtextextended(v.column1, 7))
            FROM (VALUES \(rows: ordered.map { [$0.sqlValue] })) AS v
            """)
    }
}

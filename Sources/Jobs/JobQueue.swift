import BoundaryText
import Database
import Foundation

extension Signal {
    /// There may be jobs to claim.
    public static let jobs = Signal(rawValue: "jobs")
}

/// The durable queue: a table in the same database, so that work is enqueued in the transaction that makes it necessary.
///
/// Each statement costs the same however much waits: it finds its jobs by id, lane or time, and is written so that no
/// plan reads more, whatever the tables' statistics say. So no condition names a state besides an id (an index of that
/// state would serve as well), and what is looked for in a lane is a subquery with a limit, which no planner turns into
/// a join with all jobs.
///
/// Groups: a pause of a group of lanes is a row beside the jobs, which claiming looks at; it touches no job.
///
/// Time: `run_at` of a job that waits says when it may run at the earliest; of one that is ready, since when it could.
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
                job.kind.sqlValue, job.payload.sqlValue, job.lane.sqlValue, (job.laneGroup ?? JobGroup.none).sqlValue,
                job.coalesces.sqlValue, job.runAt.sqlValue, follows.sqlValue, job.priority.sqlValue,
            ])
        }
        for rows in rows.portions {
            try db.send(
                """
                INSERT INTO jobs (kind, payload, lane, lane_group, coalesces, priority, state, run_at, created_at)
                SELECT v.column1, v.column2, v.column3, v.column4, v.column5, v.column8,
                    CASE WHEN v.column7 = 1 OR (
                        SELECT 1 FROM jobs j WHERE j.lane = v.column3 AND j.state IN ('ready', 'waiting', 'running')
                        LIMIT 1) = 1
                    THEN 'waiting' ELSE 'ready' END,
                    v.column6, \(now)
                FROM (VALUES \(rows: rows)) AS v WHERE true
                ON CONFLICT (kind, lane) WHERE coalesces = 1 AND state IN ('ready', 'waiting')
                DO UPDATE SET run_at = excluded.run_at WHERE jobs.run_at > excluded.run_at
                """)
        }
        db.hint(.jobs)
    }

    /// Takes jobs that are due. Prompt ones come first, but leave half of the places to others, so that no backlog
    /// blocks everything else.
    public func claim(
        worker: String, limit: Int, lease: Duration, now: Date, in db: Connection
    ) throws -> JobClaim {
        let now = now.asStored
        let groups = try JobGroup.all(at: now, in: db)
        let due = groups.filter { $0.due <= now }
        let (prompt, usual) = (due.filter { $0.priority == .prompt }, due.filter { $0.priority == .usual })
        var claim = JobClaim(nextDue: groups.compactMap { $0.next(after: now) }.min())
        let places = usual.isEmpty ? limit : limit == 1 ? Int.random(in: 0...1) : (limit + 1) / 2
        for (groups, limit) in [(prompt, places), (usual, limit)] where !groups.isEmpty {
            let left = limit - claim.jobs.count
            guard left > 0 else {
                claim.areMore = true
                continue
            }
            try take(of: groups, left, for: worker, lease: lease, now: now, in: db, into: &claim)
        }
        claim.jobs.sort { $0.id < $1.id }
        return claim
    }

    /// Takes of each group its oldest, as many of each.
    private func take(
        of groups: [JobGroup], _ limit: Int, for worker: String, lease: Duration, now: Date, in db: Connection,
        into claim: inout JobClaim
    ) throws {
        // In any order: where there is room for fewer than there are groups, none comes first each time.
        let groups = groups.shuffled()
        let (share, until) = (max(1, limit / groups.count), now.addingTimeInterval(lease.seconds))
        let take: SQL =
            "UPDATE jobs SET state = 'running', fence = fence + 1, worker = \(worker), lease_until = \(until)"
        let columns: SQL = """
            RETURNING jobs.id, kind, payload, lane, lane_group, priority, fence, failures, interrupted, created_at
            """
        let jobs: [ClaimedJob]
        switch db.engine {
        case .sqlite:
            let ids = try groups.flatMap { group in
                try db.all(
                    """
                    SELECT id FROM jobs
                    WHERE state = 'ready' AND lane_group = \(group.name) AND priority = \(group.priority)
                        AND run_at <= \(now)
                    ORDER BY lane_group, priority, run_at, id LIMIT \(share)
                    """
                ).map { row -> ClaimedJob.ID in try row["id"] }
            }
            jobs = try db.all(take + " WHERE id IN (\(list: Array(ids.prefix(limit)))) " + columns)
        case .postgres:
            // An array is made once, and each of its elements is found by the primary key.
            jobs = try db.all(
                take
                    + """
                     WHERE id = ANY (ARRAY(
                        SELECT due.id
                        FROM (VALUES \(rows: groups.map { [$0.name.sqlValue, $0.priority.sqlValue] })) AS v, LATERAL (
                            SELECT id FROM jobs
                            WHERE state = 'ready' AND lane_group = v.column1 AND priority = v.column2
                                AND run_at <= \(now)
                            ORDER BY lane_group, priority, run_at, id LIMIT \(share) FOR UPDATE SKIP LOCKED) AS due
                        LIMIT \(limit))) \(columns)
                    """)
        }
        claim.jobs += jobs
        let isShared = groups.contains { group in
            jobs.count { ($0.laneGroup ?? JobGroup.none) == group.name } == share
        }
        claim.areMore = claim.areMore || isShared
    }

    /// Since when a job has been due without being claimed, although no worker is busy; nil if there is none.
    /// - Parameter patience: how long a job may wait, and how long ago the last one may have ended, before it is reported. A
    ///   busy worker gets fifteen times as long to end anything at all: it may hang.
    public func neglected(for patience: Duration, now: Date, in db: Connection) throws -> Date? {
        guard let due = try JobGroup.all(at: now, in: db).map(\.due).min() else { return nil }
        let waited = now.timeIntervalSince(due)
        guard waited >= patience.seconds else { return nil }
        // Those with much to do are not idle: the oldest of a long queue waits for its turn.
        func hasEnded(within time: TimeInterval) throws -> Bool {
            try db.first("SELECT 1 FROM job_history WHERE finished_at > \(now.addingTimeInterval(-time)) LIMIT 1")
                != nil
        }
        if try hasEnded(within: patience.seconds) { return nil }
        let isBusy = try db.first("SELECT 1 FROM jobs WHERE state = 'running' AND lease_until > \(now) LIMIT 1") != nil
        let mostBusy = 15 * patience.seconds
        if isBusy, try waited < mostBusy || hasEnded(within: mostBusy) { return nil }
        return due
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
            WHERE id IN (\(list: ids)) AND worker = \(worker)
            """)
    }

    /// Hands back the jobs of workers that are gone: those whose lease ran out, or all when this process is the only one.
    /// - Returns: how many.
    @discardableResult
    public func rescue(everything: Bool = false, now: Date, in db: Connection) throws -> Int {
        // Versions before migration 22, which may run beside this one for a while, leave it open.
        try db.execute("UPDATE jobs SET lane_group = \(JobGroup.none) WHERE lane_group IS NULL AND state = 'ready'")
        let lost: SQL = everything ? "state = 'running'" : "state = 'running' AND lease_until < \(now)"
        return try handBack(where: lost, now: now, in: db)
    }

    /// Who holds jobs.
    func workers(in db: Connection) throws -> [String] {
        try db.all("SELECT DISTINCT worker FROM jobs WHERE state = 'running' AND worker IS NOT NULL").map { row in
            try row["worker"]
        }
    }

    /// Hands back what a worker holds when it stops.
    @discardableResult
    public func handBack(worker: String, now: Date, in db: Connection) throws -> Int {
        try handBack(where: "state = 'running' AND worker = \(worker)", now: now, in: db)
    }

    /// Hands back what a worker is said to hold, but does not; it never began with it.
    /// - Parameter begun: what it does hold, or began with.
    func handBack(
        worker: String, except begun: [ClaimedJob.ID], now: Date, in db: Connection
    ) throws -> Int {
        let ids = try db.all("SELECT id FROM jobs WHERE state = 'running' AND worker = \(worker)").map { row in
            try row["id"] as ClaimedJob.ID
        }
        let missed = Array(Set(ids).subtracting(begun))
        guard !missed.isEmpty else { return 0 }
        return try handBack(
            where: "id IN (\(list: missed)) AND state = 'running' AND worker = \(worker)", hasBegun: false, now: now,
            in: db)
    }

    @discardableResult
    private func handBack(where lost: SQL, hasBegun: Bool = true, now: Date, in db: Connection) throws -> Int {
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
            UPDATE jobs SET state = 'ready', run_at = \(now), worker = NULL, lease_until = NULL,
                interrupted = \(hasBegun ? "1" : "interrupted" as SQL)
            WHERE \(lost)
            """)
        if count > 0 { db.hint(.jobs) }
        return count
    }

    /// How many jobs are in which state.
    /// - Parameter most: where counting stops, so that it does not take longer the more there are.
    public func counts(upTo most: Int = Self.countLimit, in db: Connection) throws -> JobCounts {
        func count(_ state: JobState) -> SQL {
            // As a literal, for the partial indexes.
            let condition = SQL(unchecked: "state = '\(state.rawValue)'")
            return "(SELECT COUNT(*) FROM (SELECT 1 FROM jobs WHERE \(condition) LIMIT \(most)) AS counted)"
        }
        let row = try db.first(
            """
            SELECT \(count(.ready)) AS ready, \(count(.waiting)) AS waiting, \(count(.running)) AS running,
                \(count(.failed)) AS failed
            """)
        guard let row else { return .none }
        return JobCounts(
            ready: try row["ready"], waiting: try row["waiting"], running: try row["running"],
            failed: try row["failed"])
    }

    /// The most jobs of a state that are counted.
    public static let countLimit = 10_000

    /// Serializes work on lanes between servers; SQLite has one writer anyway.
    func lock(lanes: [String], in db: Connection) throws {
        guard db.engine == .postgres else { return }
        // Everybody locks in the same order, so that two transactions do not wait for each other.
        let ordered = Set(lanes).sorted()
        guard !ordered.isEmpty else { return }
        try db.send(
            """
            SELECT pg_advisory_xact_lock(hashtextextended(v.column1, 7))
            FROM (VALUES \(column: ordered)) AS v
            """)
    }
}

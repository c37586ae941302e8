import BoundaryText
import Database
import Foundation

extension JobQueue {
    /// How the run of one claimed job ended, with what the settling needs to know.
    package struct Settlement: Sendable {
        let job: ClaimedJob
        let outcome: JobOutcome
        let schedule: RetrySchedule
        /// 0 to 1.
        let jitter: Double

        package init(job: ClaimedJob, outcome: JobOutcome, schedule: RetrySchedule, jitter: Double) {
            self.job = job
            self.outcome = outcome
            self.schedule = schedule
            self.jitter = jitter
        }
    }

    /// Records how jobs ended, with their effects, in the caller's transaction. Jobs that this worker has lost are
    /// left alone, including their effects.
    /// - Returns: the jobs that were lost.
    package func settle(_ settlements: [Settlement], now: Date, in db: Connection) throws -> [ClaimedJob.ID] {
        try lock(lanes: settlements.compactMap(\.job.lane), in: db)
        let forUpdate = SQL(sqlite: "", postgres: " FOR UPDATE")
        let held = try db.all(
            """
            SELECT id, fence, state FROM jobs WHERE id IN (\(list: settlements.map(\.job.id)))\(forUpdate)
            """)
        var fences: [ClaimedJob.ID: Int] = [:]
        for row in held where try row["state"] == "running" { fences[try row["id"]] = try row["fence"] }

        var lost: [ClaimedJob.ID] = []
        var finished: [ClaimedJob] = []
        var freedLanes: [String] = []
        var following: [NewJob] = []
        var findings = JobFindings()
        for settlement in settlements {
            let job = settlement.job
            guard fences[job.id] == job.fence else {
                lost.append(job.id)
                continue
            }
            // What ended earlier takes effect earlier: a connection that failed after a success has failed.
            if settlement.outcome.hasEffect { following += try findings.storeAll(in: db) }
            switch settlement.outcome {
            case .done(let effect):
                try effect?(db)
                finished.append(job)
                if let lane = job.lane { freedLanes.append(lane) }
            case .followed(let effect):
                following += try effect(db)
                finished.append(job)
                if let lane = job.lane { freedLanes.append(lane) }
            case .found(let finding):
                findings.add(finding)
                finished.append(job)
                if let lane = job.lane { freedLanes.append(lane) }
            case .retry(let error, let asked, let schedule, let effect, let exhausted):
                let delay = (schedule ?? settlement.schedule).delay(
                    afterFailure: job.failures + 1, asked: asked, jitter: settlement.jitter)
                if let delay {
                    try effect?(db)
                    try release(job, at: now.addingTimeInterval(delay.seconds), failures: 1, error: error, in: db)
                } else {
                    try (exhausted ?? effect)?(db)
                    try fail(job, error: error, in: db)
                    if let lane = job.lane { freedLanes.append(lane) }
                }
            case .pause(let reason, let time, let effect):
                try effect?(db)
                var until = now.addingTimeInterval(time.seconds)
                if let group = job.laneGroup {
                    until = try pause(laneGroup: group, until: until, reason: reason, now: now, in: db)
                }
                try release(job, at: until, failures: 0, error: reason, in: db)
            case .wait(let reason, let time, let effect):
                try effect?(db)
                try release(job, at: now.addingTimeInterval(time.seconds), failures: 0, error: reason, in: db)
            case .fail(let error, let effect):
                try effect?(db)
                try fail(job, error: error, in: db)
                if let lane = job.lane { freedLanes.append(lane) }
            }
        }
        following += try findings.storeAll(in: db)
        try finish(finished.map(\.id), now: now, in: db)
        try promote(freedLanes, now: now, in: db)
        try enqueue(following, now: now, in: db)
        return lost
    }

    private func finish(_ ids: [ClaimedJob.ID], now: Date, in db: Connection) throws {
        guard !ids.isEmpty else { return }
        try db.send(
            """
            INSERT INTO job_history (id, kind, lane, failures, created_at, finished_at)
            SELECT id, kind, lane, failures, created_at, \(now) FROM jobs WHERE id IN (\(list: ids))
            """)
        try db.send("DELETE FROM jobs WHERE id IN (\(list: ids))")
    }

    /// Whether it was interrupted stays: that it failed now does not tell what became of the run that was cut off.
    private func release(
        _ job: ClaimedJob, at instant: Date, failures: Int, error: String, in db: Connection
    ) throws {
        // What had gathered behind it is absorbed by the next try.
        if let lane = job.lane {
            try db.send(
                """
                DELETE FROM jobs WHERE lane = \(lane) AND kind = \(job.kind) AND coalesces = 1 AND state = 'waiting'
                    AND EXISTS (SELECT 1 FROM jobs r WHERE r.id = \(job.id) AND r.coalesces = 1)
                """)
        }
        try db.send(
            """
            UPDATE jobs SET state = 'ready', run_at = \(instant), failures = failures + \(failures),
                last_error = \(error), worker = NULL, lease_until = NULL WHERE id = \(job.id)
            """)
        db.hint(.jobs)
    }

    private func fail(_ job: ClaimedJob, error: String, in db: Connection) throws {
        // One that absorbs others was given up before for the same thing: it is shown once.
        if let lane = job.lane {
            try db.send(
                """
                DELETE FROM jobs WHERE state = 'parked' AND coalesces = 1 AND lane = \(lane) AND kind = \(job.kind)
                    AND EXISTS (SELECT 1 FROM jobs r WHERE r.id = \(job.id) AND r.coalesces = 1)
                """)
        }
        try db.send(
            """
            UPDATE jobs SET state = 'parked', failures = failures + 1, last_error = \(error), worker = NULL,
                lease_until = NULL WHERE id = \(job.id)
            """)
    }

    /// Makes the next job of each lane ready, unless another is at its head already.
    func promote(_ lanes: [String], now: Date, in db: Connection) throws {
        guard !lanes.isEmpty else { return }
        // One look for each lane, however much waits in it. The state as a range and the order by all columns of the index
        // of lanes leave no other index that has the order, such as that of the ids, which would begin with other lanes.
        let freed = Set(lanes).sorted()
        let promoted = try db.execute(
            """
            UPDATE jobs SET state = 'ready', run_at = CASE WHEN run_at < \(now) THEN \(now) ELSE run_at END
            WHERE id IN (
                SELECT (
                    SELECT w.id FROM jobs w WHERE w.lane = v.column1 AND w.state >= 'waiting' AND w.state <= 'waiting'
                    ORDER BY w.lane, w.state, w.id LIMIT 1)
                FROM (VALUES \(column: freed)) AS v
                WHERE (
                    SELECT 1 FROM jobs h WHERE h.lane = v.column1 AND h.state IN ('ready', 'running') LIMIT 1) IS NULL)
            """)
        if promoted > 0 { db.hint(.jobs) }
    }
}

extension JobQueue {
    /// Keeps all lanes of a group from running until an instant. An existing pause that ends within a second of the
    /// requested one is kept, so that many refusals at once cost one update.
    /// - Returns: until when the group is paused.
    @discardableResult
    public func pause(
        laneGroup: String, until: Date, reason: String, now: Date, in db: Connection
    ) throws -> Date {
        let present: Date? = try db.first("SELECT until FROM lane_pauses WHERE lane_group = \(laneGroup)")?["until"]
        if let present, present > until.addingTimeInterval(-1) { return present }
        try db.execute(
            """
            INSERT INTO lane_pauses (lane_group, until, reason, since)
            VALUES (\(laneGroup), \(until), \(reason), \(now))
            ON CONFLICT (lane_group) DO UPDATE SET until = excluded.until, reason = excluded.reason
            """)
        db.hint(.jobs)
        return until
    }

    /// Ends a pause: what it held back may run at once.
    public func resume(laneGroup: String, now: Date, in db: Connection) throws {
        guard let until: Date = try db.first("SELECT until FROM lane_pauses WHERE lane_group = \(laneGroup)")?["until"]
        else { return }
        try db.execute("DELETE FROM lane_pauses WHERE lane_group = \(laneGroup)")
        // Those that met with what the group was paused for.
        try db.execute(
            """
            UPDATE jobs SET run_at = \(now)
            WHERE lane_group = \(laneGroup) AND priority IN (\(list: JobPriority.allCases)) AND state = 'ready'
                AND run_at = \(until) AND run_at > \(now)
            """)
        db.hint(.jobs)
    }

    /// Lets the job at the head of a lane, which waits for its next try, run at once.
    public func hasten(lane: String, now: Date, in db: Connection) throws {
        let hastened = try db.execute(
            "UPDATE jobs SET run_at = \(now) WHERE lane = \(lane) AND state = 'ready' AND run_at > \(now)")
        if hastened > 0 { db.hint(.jobs) }
    }

    /// Lets all jobs of a group of lanes that wait for their next try run at once: whatever they waited for is there again.
    /// - Parameter planned: whether those too that did not fail, but were to run later.
    public func hasten(laneGroup: String, planned: Bool = false, now: Date, in db: Connection) throws {
        let which: SQL = planned ? "" : " AND failures > 0"
        let hastened = try db.execute(
            """
            UPDATE jobs SET run_at = \(now)
            WHERE lane_group = \(laneGroup) AND priority IN (\(list: JobPriority.allCases)) AND state = 'ready'
                AND run_at > \(now)\(which)
            """)
        if hastened > 0 { db.hint(.jobs) }
    }

    /// Whether a job like this is on its way.
    public func isPending(_ job: NewJob, in db: Connection) throws -> Bool {
        try db.first(
            """
            SELECT 1 AS pending FROM jobs WHERE lane = \(orNull: job.lane) AND kind = \(job.kind) AND payload = \(job.payload)
                AND state <> 'parked' LIMIT 1
            """) != nil
    }

    /// When the head of a lane will run: nil when it runs already, or there is none.
    public func nextRun(ofLane lane: String, in db: Connection) throws -> Date? {
        let row = try db.first(
            """
            SELECT j.run_at, p.until FROM jobs j LEFT JOIN lane_pauses p ON p.lane_group = j.lane_group
            WHERE j.lane = \(lane) AND j.state = 'ready' LIMIT 1
            """)
        return try row.map { row in
            let (runAt, until): (Date, Date?) = (try row["run_at"], try row["until"])
            return until.map { max(runAt, $0) } ?? runAt
        }
    }

    /// Why and until when a group is paused; nil when it is not.
    public func pause(ofLaneGroup group: String, now: Date, in db: Connection) throws -> (until: Date, reason: String)?
    {
        guard
            let row = try db.first(
                "SELECT until, reason FROM lane_pauses WHERE lane_group = \(group) AND until > \(now)")
        else { return nil }
        return (try row["until"], try row["reason"])
    }

    /// Jobs that gave up, oldest first.
    public func failed(after id: ClaimedJob.ID = 0, limit: Int, in db: Connection) throws -> [FailedJob] {
        try db.all(
            """
            SELECT id, kind, payload, last_error, created_at FROM jobs
            WHERE state = 'parked' AND id > \(id) ORDER BY id LIMIT \(limit)
            """)
    }

    /// Lets failed jobs run again, with a fresh schedule.
    /// - Returns: how many there were.
    @discardableResult
    public func retry(_ ids: [ClaimedJob.ID], now: Date, in db: Connection) throws -> Int {
        var count = 0
        for start in stride(from: 0, to: ids.count, by: Self.chunk) {
            let part = Array(ids[start..<min(start + Self.chunk, ids.count)])
            let jobs = try db.all(
                """
                DELETE FROM jobs WHERE id IN (\(list: part)) AND state = 'parked'
                RETURNING id, kind, payload, lane, lane_group, coalesces, priority
                """)
            let again = try jobs.map { row in
                NewJob(
                    kind: try row["kind"], payload: try row["payload"], lane: try row["lane"],
                    laneGroup: try row["lane_group"], coalesces: try row["coalesces"],
                    priority: try row["priority"], runAt: now)
            }
            try enqueue(again, now: now, in: db)
            count += jobs.count
        }
        return count
    }

    /// Forgets finished jobs older than an instant, a bounded number at a time.
    /// - Returns: how many were forgotten.
    @discardableResult
    public func forgetHistory(before instant: Date, limit: Int = 5_000, in db: Connection) throws -> Int {
        try db.execute(
            """
            DELETE FROM job_history WHERE id IN (
                SELECT id FROM job_history WHERE finished_at < \(instant) ORDER BY finished_at LIMIT \(limit))
            """)
    }
}

extension ClaimedJob {
    /// Whether the worker that claimed it still holds it; if so, no one else gets it before the transaction ends. For what
    /// a handler records while it runs.
    public func isHeld(in db: Connection) throws -> Bool {
        let forUpdate = SQL(sqlite: "", postgres: " FOR UPDATE")
        return try db.first(
            "SELECT 1 AS held FROM jobs WHERE id = \(id) AND fence = \(fence) AND state = 'running'\(forUpdate)") != nil
    }
}

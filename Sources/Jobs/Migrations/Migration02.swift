import BoundaryText
import Database

extension Migration {
    /// The tables of the durable queue.
    ///
    /// A job is `ready` (at the head of its lane), `waiting` (behind another of its lane), `running` or `parked`; a finished
    /// one moves to `job_history`, so that the hot table stays as small as the work at hand.
    static let jobs02 = Migration(
        2, "jobs",
        [
            """
            CREATE TABLE jobs (
                id \(SQL.primaryKey),
                kind TEXT NOT NULL,
                payload TEXT NOT NULL,
                lane TEXT,
                lane_group TEXT,
                coalesces BIGINT NOT NULL DEFAULT 0,
                state TEXT NOT NULL,
                run_at BIGINT NOT NULL,
                fence BIGINT NOT NULL DEFAULT 0,
                failures BIGINT NOT NULL DEFAULT 0,
                interrupted BIGINT NOT NULL DEFAULT 0,
                worker TEXT,
                lease_until BIGINT,
                last_error TEXT,
                created_at BIGINT NOT NULL
            ) \(storage)
            """,
            "CREATE INDEX jobs_ready ON jobs (run_at, id) WHERE state = 'ready'",
            "CREATE INDEX jobs_ready_by_group ON jobs (lane_group, run_at) WHERE state = 'ready'",
            "CREATE INDEX jobs_in_lane ON jobs (lane, id) WHERE state IN ('ready', 'waiting', 'running')",
            "CREATE UNIQUE INDEX jobs_absorbing ON jobs (kind, lane) WHERE coalesces = 1 AND state IN ('ready', 'waiting')",
            "CREATE UNIQUE INDEX jobs_one_running_per_lane ON jobs (lane) WHERE state = 'running'",
            "CREATE INDEX jobs_leases ON jobs (lease_until) WHERE state = 'running'",
            "CREATE INDEX jobs_parked ON jobs (id) WHERE state = 'parked'",
            """
            CREATE TABLE job_history (
                id BIGINT PRIMARY KEY, kind TEXT NOT NULL, lane TEXT, failures BIGINT NOT NULL,
                created_at BIGINT NOT NULL, finished_at BIGINT NOT NULL)
            """,
            "CREATE INDEX job_history_age ON job_history (finished_at)",
            """
            CREATE TABLE lane_pauses (
                lane_group TEXT PRIMARY KEY, until BIGINT NOT NULL, reason TEXT NOT NULL, since BIGINT NOT NULL)
            """,
        ])
}

/// Rows live for milliseconds: room for updates in place, and vacuum before the table swells.
private let storage = SQL(
    sqlite: "",
    postgres: "WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0)")

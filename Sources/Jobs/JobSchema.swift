import BoundaryText
import Database

/// The tables of the durable queue.
///
/// A job is `ready` (at the head of its lane), `waiting` (behind another of its lane), `running` or `parked`; a finished
/// one moves to `job_history`, so that the hot table stays as small as the work at hand.
public let jobSchema: [SQL] = [
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
    ) \(SQL(
        sqlite: "",
        // Rows here live for milliseconds: room for updates in place, and vacuum before the table swells.
        postgres: "WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0)"))
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
]

/// SQLite uses a partial index only for the very condition that it names, so an index for three states served none of them:
/// each look into a lane read all jobs.
public let jobLaneSchema: [SQL] = [
    "DROP INDEX jobs_in_lane",
    "CREATE INDEX jobs_in_lane ON jobs (lane, state, id) WHERE lane IS NOT NULL",
]

/// Pauses leave jobs alone, and jobs are claimed group by group: one index instead of two.
public let jobGroupSchema: [SQL] = [
    "UPDATE jobs SET lane_group = '' WHERE lane_group IS NULL",
    "DROP INDEX jobs_ready",
    "DROP INDEX jobs_ready_by_group",
    "CREATE INDEX jobs_ready ON jobs (lane_group, run_at, id) WHERE state = 'ready'",
]

/// Counting stops at some number, so those that wait have to be found without the others.
public let jobCountSchema: [SQL] = [
    "CREATE INDEX jobs_waiting ON jobs (id) WHERE state = 'waiting'"
]

/// Which jobs go first is a column, not a time that never was; and the time of a ready job says since when it could run.
public let jobPrioritySchema: [SQL] = [
    "ALTER TABLE jobs ADD COLUMN priority BIGINT NOT NULL DEFAULT 1",
    "UPDATE jobs SET priority = 0 WHERE kind = 'post_to_ticket'",
    "UPDATE jobs SET run_at = created_at WHERE kind = 'post_to_ticket' AND run_at < created_at",
    "DROP INDEX jobs_ready",
    "CREATE INDEX jobs_ready ON jobs (lane_group, priority, run_at, id) WHERE state = 'ready'",
]

/// All of it, for a database that is new.
public let wholeJobSchema = jobSchema + jobLaneSchema + jobGroupSchema + jobCountSchema + jobPrioritySchema

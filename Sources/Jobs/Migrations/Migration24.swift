import BoundaryText
import Database

extension Migration {
    /// Which jobs go first is a column, not a time that never was; and the time of a ready job says since when it could run.
    static let jobs24 = Migration(
        24, "priority of jobs",
        [
            "ALTER TABLE jobs ADD COLUMN priority BIGINT NOT NULL DEFAULT 1",
            "UPDATE jobs SET priority = 0 WHERE kind = 'post_to_ticket'",
            "UPDATE jobs SET run_at = created_at WHERE kind = 'post_to_ticket' AND run_at < created_at",
            "DROP INDEX jobs_ready",
            "CREATE INDEX jobs_ready ON jobs (lane_group, priority, run_at, id) WHERE state = 'ready'",
        ])
}

import BoundaryText
import Database

extension Migration {
    /// Pauses leave jobs alone, and jobs are claimed group by group: one index instead of two.
    static let jobs22 = Migration(
        22, "jobs by group",
        [
            "UPDATE jobs SET lane_group = '' WHERE lane_group IS NULL",
            "DROP INDEX jobs_ready",
            "DROP INDEX jobs_ready_by_group",
            "CREATE INDEX jobs_ready ON jobs (lane_group, run_at, id) WHERE state = 'ready'",
        ])
}

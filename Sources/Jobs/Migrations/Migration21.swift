import BoundaryText
import Database

extension Migration {
    /// SQLite uses a partial index only for the very condition that it names, so an index for three states served none of them:
    /// each look into a lane read all jobs.
    static let jobs21 = Migration(
        21, "jobs by lane and state",
        [
            "DROP INDEX jobs_in_lane",
            "CREATE INDEX jobs_in_lane ON jobs (lane, state, id) WHERE lane IS NOT NULL",
        ])
}

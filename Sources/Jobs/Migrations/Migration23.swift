import BoundaryText
import Database

extension Migration {
    /// Counting stops at some number, so those that wait have to be found without the others.
    static let jobs23 = Migration(
        23, "jobs that wait",
        [
            "CREATE INDEX jobs_waiting ON jobs (id) WHERE state = 'waiting'"
        ])
}

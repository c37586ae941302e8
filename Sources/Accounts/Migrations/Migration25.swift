import BoundaryText
import Database

extension Migration {
    /// What administrators have to know, from when it began to when it ended.
    static let accounts25 = Migration(
        25, "alerts",
        [
            """
            CREATE TABLE alerts (
                id \(SQL.primaryKey),
                organization_id BIGINT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                kind TEXT NOT NULL, subject TEXT NOT NULL, since BIGINT NOT NULL, title TEXT NOT NULL,
                words TEXT NOT NULL, recovery TEXT, ended_at BIGINT)
            """,
            "CREATE UNIQUE INDEX alerts_raised ON alerts (organization_id, kind, subject) WHERE ended_at IS NULL",
            "CREATE INDEX alerts_ended ON alerts (ended_at) WHERE ended_at IS NOT NULL",
        ])
}

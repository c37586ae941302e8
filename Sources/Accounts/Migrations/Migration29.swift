import BoundaryText
import Database

extension Migration {
    /// A browser's session becomes a sign-in: *session* is the troubleshooting run.
    static let accounts29 = Migration(
        29, "sign-ins",
        [
            "ALTER TABLE sessions RENAME TO sign_ins",
            "ALTER TABLE sign_ins RENAME COLUMN means TO method",
            "DROP INDEX sessions_of_user",
            "DROP INDEX sessions_by_end",
            "CREATE INDEX sign_ins_of_user ON sign_ins (user_id, id)",
            "CREATE INDEX sign_ins_by_end ON sign_ins (expires_at)",
        ])
}

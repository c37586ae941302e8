import BoundaryText
import Database

extension Migration {
    /// Times of posts, versions of settings.
    static let step16 = Migration(
        16, "times of posts, versions of settings",
        [
            // Finds what was asked for within a time.
            "CREATE INDEX posts_by_time ON posts (organization_id, created_at, id)",
            // Tells two who change the settings of a connection at once apart.
            "ALTER TABLE psa_connections ADD COLUMN settings_version BIGINT NOT NULL DEFAULT 1",
        ])
}

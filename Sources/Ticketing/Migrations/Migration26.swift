import BoundaryText
import Database

extension Migration {
    /// Ticketing has settings of its own, which stood among those of notifications; a silence that is known is an alert.
    static let ticketing26 = Migration(
        26, "settings of ticketing",
        [
            """
            CREATE TABLE ticketing_settings (
                organization_id BIGINT PRIMARY KEY REFERENCES organizations (id) ON DELETE CASCADE,
                settings TEXT NOT NULL, updated_at BIGINT NOT NULL)
            """,
            // Each reads the members that it knows.
            """
            INSERT INTO ticketing_settings (organization_id, settings, updated_at)
            SELECT organization_id, settings, updated_at FROM notification_settings
            """,
            """
            INSERT INTO alerts (organization_id, kind, subject, since, title, words)
            SELECT organization_id, 'silence', 'psa_connection:' || id, silent_since,
                name || ' has stopped telling us of changes.', ''
            FROM psa_connections WHERE silent_since IS NOT NULL
            """,
        ])
}

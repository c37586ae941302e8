import BoundaryText
import Database

extension Migration {
    /// Forwards.
    static let step06 = Migration(
        6, "forwards",
        [
            // The table of forwards.
            """
            CREATE TABLE forwards (
                id \(SQL.primaryKey),
                organization_id BIGINT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                source_id BIGINT NOT NULL REFERENCES recipients (id) ON DELETE CASCADE,
                destination_id BIGINT NOT NULL REFERENCES recipients (id) ON DELETE CASCADE,
                starts_at BIGINT, ends_at BIGINT, enabled BIGINT NOT NULL, keep_copy BIGINT NOT NULL,
                created_at BIGINT NOT NULL)
            """,
            "CREATE INDEX forwards_of_organization ON forwards (organization_id, id)",
            "CREATE INDEX forwards_of_source ON forwards (source_id)",
            "CREATE INDEX forwards_of_destination ON forwards (destination_id)",
            // The names of those who forwarded, in order, as JSON.
            "ALTER TABLE deliveries ADD COLUMN forwarded_from TEXT",
            "CREATE INDEX ticket_events_by_number ON ticket_events (ticket_id, id)",
        ])
}

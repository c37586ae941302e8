import BoundaryText
import Database

extension Migration {
    /// Notices and retention.
    static let step07 = Migration(
        7, "notices and retention",
        [
            // The table of notices.
            """
            CREATE TABLE notices (
                id \(SQL.primaryKey),
                organization_id BIGINT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                recipient_id BIGINT NOT NULL REFERENCES recipients (id) ON DELETE CASCADE,
                kind TEXT NOT NULL, text TEXT NOT NULL, state TEXT NOT NULL, error TEXT, tracking_id TEXT, message_id TEXT,
                created_at BIGINT NOT NULL, sent_at BIGINT)
            """,
            "CREATE INDEX notices_of_organization ON notices (organization_id, id)",
            "CREATE INDEX notices_of_recipient ON notices (recipient_id)",
            // What makes the oldest quick to find.
            "CREATE INDEX ticket_events_of_connection ON ticket_events (connection_id, id)",
        ])
}

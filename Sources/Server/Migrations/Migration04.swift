import BoundaryText
import Database

extension Migration {
    /// Notifications.
    static let step04 = Migration(
        4, "notifications",
        [
            // The tables of notifications: who is told, what happened, and what became of each message.
            """
            CREATE TABLE chat_connections (
                id \(SQL.primaryKey),
                organization_id BIGINT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                provider TEXT NOT NULL, name TEXT NOT NULL, url TEXT NOT NULL,
                sealed_token TEXT NOT NULL DEFAULT '', token_hint TEXT NOT NULL,
                bot_name TEXT, bot_email TEXT,
                active BIGINT NOT NULL DEFAULT 1, state TEXT NOT NULL, state_reason TEXT, last_validated_at BIGINT,
                created_at BIGINT NOT NULL)
            """,
            "CREATE INDEX chat_connections_of_organization ON chat_connections (organization_id, active, id)",
            // address: a room's id, or a person's e-mail; address_key: the same without case where case does not count.
            """
            CREATE TABLE recipients (
                id \(SQL.primaryKey),
                connection_id BIGINT NOT NULL REFERENCES chat_connections (id) ON DELETE CASCADE,
                kind TEXT NOT NULL, address TEXT NOT NULL, address_key TEXT NOT NULL, name TEXT NOT NULL,
                active BIGINT NOT NULL DEFAULT 1, created_at BIGINT NOT NULL,
                UNIQUE (connection_id, kind, address_key))
            """,
            """
            CREATE TABLE rules (
                id \(SQL.primaryKey),
                organization_id BIGINT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                connection_id BIGINT NOT NULL REFERENCES psa_connections (id) ON DELETE CASCADE,
                board_id TEXT NOT NULL,
                recipient_id BIGINT NOT NULL REFERENCES recipients (id) ON DELETE CASCADE,
                enabled BIGINT NOT NULL, simulate BIGINT NOT NULL, updates TEXT NOT NULL, visibility TEXT NOT NULL,
                thread_updates BIGINT NOT NULL, created_at BIGINT NOT NULL,
                UNIQUE (connection_id, board_id, recipient_id))
            """,
            "CREATE INDEX rules_of_organization ON rules (organization_id, id)",
            "CREATE INDEX rules_of_recipient ON rules (recipient_id)",
            """
            CREATE TABLE notification_settings (
                organization_id BIGINT PRIMARY KEY REFERENCES organizations (id) ON DELETE CASCADE,
                settings TEXT NOT NULL, updated_at BIGINT NOT NULL)
            """,
            """
            CREATE TABLE hook_inbox (
                id \(SQL.primaryKey), connection_id BIGINT NOT NULL, ticket_id TEXT NOT NULL, action TEXT NOT NULL,
                message_id TEXT, body TEXT NOT NULL, received_at BIGINT NOT NULL)
            """,
            """
            CREATE TABLE ticket_events (
                id \(SQL.primaryKey),
                connection_id BIGINT NOT NULL REFERENCES psa_connections (id) ON DELETE CASCADE,
                ticket_id TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
                details TEXT NOT NULL, reason TEXT, created_at BIGINT NOT NULL,
                UNIQUE (connection_id, ticket_id, kind, subject))
            """,
            """
            CREATE TABLE deliveries (
                id \(SQL.primaryKey),
                organization_id BIGINT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                event_id BIGINT NOT NULL REFERENCES ticket_events (id) ON DELETE CASCADE,
                recipient_id BIGINT NOT NULL REFERENCES recipients (id) ON DELETE CASCADE,
                rule_id BIGINT, ticket_id TEXT NOT NULL,
                state TEXT NOT NULL, reason TEXT NOT NULL, error TEXT, tracking_id TEXT,
                attempts BIGINT NOT NULL DEFAULT 0, message_id TEXT, threaded BIGINT NOT NULL DEFAULT 0,
                created_at BIGINT NOT NULL, sent_at BIGINT,
                UNIQUE (event_id, recipient_id))
            """,
            "CREATE INDEX deliveries_of_organization ON deliveries (organization_id, id)",
            "CREATE INDEX deliveries_by_state ON deliveries (organization_id, state, id)",
            "CREATE INDEX deliveries_of_ticket ON deliveries (organization_id, ticket_id, id)",
            "CREATE INDEX deliveries_of_recipient ON deliveries (recipient_id, ticket_id, id)",
        ])
}

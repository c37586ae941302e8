import BoundaryText
import Database

extension Migration {
    /// Sync.
    static let step05 = Migration(
        5, "sync",
        [
            // What sync needs to know of tickets, and the silence alarm of connections.
            // The last ticket sync that saw the ticket among the open ones.
            "ALTER TABLE psa_tickets ADD COLUMN listed_run BIGINT",
            """
            CREATE INDEX psa_tickets_open ON psa_tickets (connection_id, COALESCE(listed_run, 0))
                WHERE closed = 0 AND deleted_at IS NULL
            """,
            "ALTER TABLE psa_connections ADD COLUMN last_hook_at BIGINT",
            "ALTER TABLE psa_connections ADD COLUMN silent_since BIGINT",
            // The table of syncs: one row for each kind and connection, which is also the record of its last run.
            """
            CREATE TABLE syncs (
                id \(SQL.primaryKey),
                organization_id BIGINT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                kind TEXT NOT NULL,
                psa_connection_id BIGINT REFERENCES psa_connections (id) ON DELETE CASCADE,
                chat_connection_id BIGINT REFERENCES chat_connections (id) ON DELETE CASCADE,
                run BIGINT NOT NULL DEFAULT 0, state TEXT NOT NULL, boards TEXT NOT NULL DEFAULT '', position TEXT,
                done BIGINT NOT NULL DEFAULT 0, total BIGINT, started_at BIGINT, finished_at BIGINT, last_error TEXT,
                next_run_at BIGINT,
                watermark BIGINT, watched_since BIGINT, newest BIGINT, missed BIGINT NOT NULL DEFAULT 0,
                UNIQUE (psa_connection_id, kind), UNIQUE (chat_connection_id, kind))
            """,
            "CREATE INDEX syncs_of_organization ON syncs (organization_id, id)",
            "CREATE INDEX syncs_due ON syncs (next_run_at) WHERE state IN ('idle', 'failed')",
            // Who somebody is in the chat system, which may know one person by several addresses.
            "ALTER TABLE recipients ADD COLUMN account_id TEXT",
        ])
}

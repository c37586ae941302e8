import BoundaryText
import Database

extension Migration {
    /// Ticketing.
    static let step03 = Migration(
        3, "ticketing",
        [
            // The tables of connections to the ticketing system (PSA) and of our mirror of what is there. Ids of the PSA are text: they belong to another system.
            """
            CREATE TABLE psa_connections (
                id \(SQL.primaryKey),
                organization_id BIGINT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                provider TEXT NOT NULL,
                name TEXT NOT NULL,
                site TEXT NOT NULL,
                company TEXT NOT NULL,
                hook_key TEXT NOT NULL UNIQUE,
                sealed_credentials TEXT NOT NULL DEFAULT '',
                public_key_hint TEXT NOT NULL,
                private_key_hint TEXT NOT NULL,
                client_id_hint TEXT NOT NULL,
                active BIGINT NOT NULL DEFAULT 1,
                state TEXT NOT NULL DEFAULT 'untested',
                state_reason TEXT,
                last_validated_at BIGINT,
                baseline_at BIGINT NOT NULL,
                created_at BIGINT NOT NULL)
            """,
            "CREATE INDEX psa_connections_of_organization ON psa_connections (organization_id, id)",
            "CREATE INDEX psa_connections_by_company ON psa_connections (company)",
            """
            CREATE TABLE psa_boards (
                connection_id BIGINT NOT NULL REFERENCES psa_connections (id) ON DELETE CASCADE,
                id TEXT NOT NULL, name TEXT NOT NULL, inactive BIGINT NOT NULL DEFAULT 0, deleted_at BIGINT,
                fetched_at BIGINT NOT NULL, PRIMARY KEY (connection_id, id))
            """,
            """
            CREATE TABLE psa_statuses (
                connection_id BIGINT NOT NULL REFERENCES psa_connections (id) ON DELETE CASCADE,
                id TEXT NOT NULL, board_id TEXT NOT NULL, name TEXT NOT NULL, closed BIGINT NOT NULL, inactive BIGINT NOT NULL,
                sort_order BIGINT NOT NULL, fetched_at BIGINT NOT NULL, PRIMARY KEY (connection_id, id))
            """,
            "CREATE INDEX psa_statuses_of_board ON psa_statuses (connection_id, board_id, sort_order)",
            """
            CREATE TABLE psa_members (
                connection_id BIGINT NOT NULL REFERENCES psa_connections (id) ON DELETE CASCADE,
                identifier_key TEXT NOT NULL, id TEXT NOT NULL, identifier TEXT NOT NULL, name TEXT NOT NULL, email TEXT,
                inactive BIGINT NOT NULL DEFAULT 0, fetched_at BIGINT NOT NULL, PRIMARY KEY (connection_id, identifier_key))
            """,
            """
            CREATE TABLE psa_tickets (
                connection_id BIGINT NOT NULL REFERENCES psa_connections (id) ON DELETE CASCADE,
                id TEXT NOT NULL,
                summary TEXT NOT NULL,
                board_id TEXT, board_name TEXT, status_id TEXT, status_name TEXT, closed BIGINT NOT NULL,
                company_id TEXT, company_name TEXT, contact_id TEXT, contact_name TEXT, priority_id TEXT, priority_name TEXT,
                owner TEXT, resources TEXT NOT NULL,
                entered_at BIGINT, updated_at BIGINT, updated_by TEXT,
                activity_cursor TEXT,
                refreshed_at BIGINT NOT NULL,
                deleted_at BIGINT,
                PRIMARY KEY (connection_id, id))
            """,
            """
            CREATE TABLE psa_notes (
                connection_id BIGINT NOT NULL REFERENCES psa_connections (id) ON DELETE CASCADE,
                ticket_id TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, author TEXT, author_identifier TEXT,
                text TEXT NOT NULL, internal BIGINT NOT NULL, created_at BIGINT,
                PRIMARY KEY (connection_id, ticket_id, id))
            """,
            // The calls that servers reserved; see SharedCallBudget.
            """
            CREATE TABLE call_reservations (
                id \(SQL.primaryKey), budget TEXT NOT NULL, calls BIGINT NOT NULL, counts_until BIGINT NOT NULL)
            """,
            "CREATE INDEX call_reservations_of_budget ON call_reservations (budget, counts_until)",
        ])
}

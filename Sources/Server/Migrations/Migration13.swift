import BoundaryText
import Database

extension Migration {
    /// Write-back.
    static let step13 = Migration(
        13, "write-back",
        [
            // What write-back needs: settings and tenants of connections, what is looked up, who is whom, and the posts.
            "ALTER TABLE psa_connections ADD COLUMN tenant_id BIGINT REFERENCES tenants (id) ON DELETE CASCADE",
            "ALTER TABLE psa_connections ADD COLUMN settings TEXT",
            // One is used; the oldest is the one that was.
            """
            UPDATE psa_connections SET active = 0 WHERE active = 1 AND id NOT IN (
                SELECT MIN(id) FROM psa_connections WHERE active = 1 GROUP BY organization_id)
            """,
            """
            CREATE UNIQUE INDEX psa_connections_in_use ON psa_connections (organization_id, COALESCE(tenant_id, 0))
                WHERE active = 1
            """,
            "CREATE INDEX psa_connections_of_tenant ON psa_connections (tenant_id)",
            "ALTER TABLE psa_statuses ADD COLUMN refuses_time BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE psa_statuses ADD COLUMN is_default BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE psa_tickets ADD COLUMN is_project BIGINT NOT NULL DEFAULT 0",
            """
            CREATE TABLE psa_companies (
                connection_id BIGINT NOT NULL REFERENCES psa_connections (id) ON DELETE CASCADE,
                id TEXT NOT NULL, identifier TEXT NOT NULL, name TEXT NOT NULL, name_key TEXT NOT NULL,
                PRIMARY KEY (connection_id, id))
            """,
            "CREATE INDEX psa_companies_by_name ON psa_companies (connection_id, name_key, id)",
            // Work roles and work types.
            """
            CREATE TABLE psa_choices (
                connection_id BIGINT NOT NULL REFERENCES psa_connections (id) ON DELETE CASCADE,
                kind TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, inactive BIGINT NOT NULL,
                PRIMARY KEY (connection_id, kind, id))
            """,
            // When a list was last read as a whole.
            """
            CREATE TABLE psa_readings (
                connection_id BIGINT NOT NULL REFERENCES psa_connections (id) ON DELETE CASCADE,
                list TEXT NOT NULL, read_at BIGINT NOT NULL, PRIMARY KEY (connection_id, list))
            """,
            """
            CREATE TABLE psa_member_mappings (
                connection_id BIGINT NOT NULL REFERENCES psa_connections (id) ON DELETE CASCADE,
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                member_id TEXT NOT NULL, member_identifier TEXT NOT NULL, member_name TEXT NOT NULL,
                matched_by TEXT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL,
                PRIMARY KEY (connection_id, user_id), UNIQUE (connection_id, member_id))
            """,
            "CREATE INDEX psa_member_mappings_of_user ON psa_member_mappings (user_id)",
            // What somebody asked for, under one key; its writes are posts.
            """
            CREATE TABLE post_requests (
                id \(SQL.primaryKey),
                organization_id BIGINT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                connection_id BIGINT REFERENCES psa_connections (id) ON DELETE SET NULL,
                tenant_id BIGINT REFERENCES tenants (id) ON DELETE SET NULL,
                companies TEXT,
                ticket_id TEXT NOT NULL,
                kind TEXT NOT NULL,
                asker BIGINT NOT NULL,
                request_key TEXT NOT NULL,
                fingerprint \(SQL.bytes) NOT NULL,
                user_id BIGINT REFERENCES users (id) ON DELETE SET NULL,
                user_name TEXT NOT NULL,
                user_email TEXT NOT NULL,
                origin TEXT NOT NULL,
                expected_status_id TEXT,
                created_at BIGINT NOT NULL,
                UNIQUE (organization_id, asker, request_key))
            """,
            "CREATE INDEX post_requests_of_connection ON post_requests (connection_id)",
            "CREATE INDEX post_requests_of_tenant ON post_requests (tenant_id)",
            "CREATE INDEX post_requests_of_user ON post_requests (user_id)",
            """
            CREATE TABLE posts (
                id \(SQL.primaryKey),
                request_id BIGINT NOT NULL REFERENCES post_requests (id) ON DELETE CASCADE,
                organization_id BIGINT NOT NULL,
                user_id BIGINT,
                ticket_id TEXT NOT NULL,
                place BIGINT NOT NULL,
                kind TEXT NOT NULL,
                note_type TEXT,
                text TEXT,
                content TEXT,
                member_id TEXT, member_name TEXT,
                minutes BIGINT, started_at BIGINT, work_role_id TEXT, work_type_id TEXT, billable TEXT,
                status_id TEXT, status_from TEXT, status_from_name TEXT, status_to TEXT, status_to_name TEXT,
                state TEXT NOT NULL,
                uncertain BIGINT NOT NULL DEFAULT 0,
                attempts BIGINT NOT NULL DEFAULT 0,
                record_id TEXT,
                error TEXT, error_code TEXT, error_fields TEXT, work_roles TEXT,
                created_at BIGINT NOT NULL,
                tried_at BIGINT,
                settled_at BIGINT)
            """,
            "CREATE INDEX posts_of_request ON posts (request_id, place)",
            "CREATE INDEX posts_of_organization ON posts (organization_id, id)",
            "CREATE INDEX posts_of_person ON posts (organization_id, user_id, id)",
            "CREATE INDEX posts_of_ticket ON posts (organization_id, ticket_id, id)",
            "CREATE INDEX posts_by_state ON posts (organization_id, state, id)",
        ])
}

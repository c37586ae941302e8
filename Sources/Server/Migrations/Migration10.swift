import BoundaryText
import Database

extension Migration {
    /// Identity and audit.
    static let step10 = Migration(
        10, "identity and audit",
        [
            // Sign-in, second factor, sessions, single sign-on, audit, flags.
            "ALTER TABLE organizations ADD COLUMN requires_second_factor BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE users ADD COLUMN pending BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE users ADD COLUMN version BIGINT NOT NULL DEFAULT 1",
            "ALTER TABLE users ADD COLUMN last_sign_in_at BIGINT",
            "ALTER TABLE users ADD COLUMN totp_secret TEXT",
            "ALTER TABLE users ADD COLUMN totp_confirmed_at BIGINT",
            "ALTER TABLE users ADD COLUMN totp_last_step BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE users ADD COLUMN issuer TEXT",
            "ALTER TABLE users ADD COLUMN subject TEXT",
            "CREATE UNIQUE INDEX users_by_subject ON users (organization_id, issuer, subject)",
            "ALTER TABLE api_keys ADD COLUMN scope TEXT",
            """
            CREATE TABLE recovery_codes (
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                code_hash \(SQL.bytes) NOT NULL,
                PRIMARY KEY (user_id, code_hash))
            """,
            """
            CREATE TABLE sessions (
                id \(SQL.primaryKey),
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                token_hash \(SQL.bytes) NOT NULL UNIQUE,
                means TEXT NOT NULL,
                awaits_code BIGINT NOT NULL,
                visiting BIGINT REFERENCES organizations (id) ON DELETE SET NULL,
                address TEXT,
                agent TEXT,
                created_at BIGINT NOT NULL,
                last_seen_at BIGINT NOT NULL,
                expires_at BIGINT NOT NULL)
            """,
            "CREATE INDEX sessions_of_user ON sessions (user_id, id)",
            "CREATE INDEX sessions_by_end ON sessions (expires_at)",
            """
            CREATE TABLE throttles (
                name TEXT NOT NULL PRIMARY KEY,
                failures BIGINT NOT NULL,
                failed_at BIGINT NOT NULL)
            """,
            "CREATE INDEX throttles_by_time ON throttles (failed_at)",
            """
            CREATE TABLE identity_providers (
                id \(SQL.primaryKey),
                organization_id BIGINT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                name TEXT NOT NULL,
                issuer TEXT NOT NULL,
                client_id TEXT NOT NULL,
                client_secret TEXT NOT NULL,
                default_role TEXT NOT NULL,
                role_rules TEXT NOT NULL,
                enabled BIGINT NOT NULL,
                created_at BIGINT NOT NULL,
                UNIQUE (organization_id, issuer))
            """,
            """
            CREATE TABLE single_sign_ons (
                state_hash \(SQL.bytes) NOT NULL PRIMARY KEY,
                provider_id BIGINT NOT NULL REFERENCES identity_providers (id) ON DELETE CASCADE,
                browser_hash \(SQL.bytes) NOT NULL,
                nonce TEXT NOT NULL,
                verifier TEXT NOT NULL,
                destination TEXT NOT NULL,
                created_at BIGINT NOT NULL)
            """,
            "CREATE INDEX single_sign_ons_by_time ON single_sign_ons (created_at)",
            """
            CREATE TABLE feature_flags (
                organization_id BIGINT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                name TEXT NOT NULL,
                enabled BIGINT NOT NULL,
                PRIMARY KEY (organization_id, name))
            """,
            // No reference to the organization: its record outlives it.
            """
            CREATE TABLE audit_entries (
                organization_id BIGINT NOT NULL,
                number BIGINT NOT NULL,
                at BIGINT NOT NULL,
                actor_id BIGINT,
                actor TEXT NOT NULL,
                means TEXT NOT NULL,
                address TEXT,
                action \(SQL(sqlite: "TEXT", postgres: "TEXT COLLATE \"C\"")) NOT NULL,
                target TEXT NOT NULL,
                before_value TEXT,
                after_value TEXT,
                result TEXT NOT NULL,
                hash \(SQL.bytes) NOT NULL,
                PRIMARY KEY (organization_id, number))
            """,
            "CREATE INDEX audit_entries_by_actor ON audit_entries (organization_id, actor, number)",
            "CREATE INDEX audit_entries_by_action ON audit_entries (organization_id, action, number)",
            "CREATE INDEX audit_entries_by_target ON audit_entries (organization_id, target, number)",
            "CREATE INDEX audit_entries_by_time ON audit_entries (organization_id, at)",
            """
            CREATE TABLE audit_heads (
                organization_id BIGINT NOT NULL PRIMARY KEY, number BIGINT NOT NULL, hash \(SQL.bytes) NOT NULL)
            """,
            // The database refuses what the program never does.
            SQL(
                sqlite: """
                    CREATE TRIGGER audit_entries_stay BEFORE UPDATE ON audit_entries
                    BEGIN SELECT RAISE(ABORT, 'the audit log is append only'); END
                    """,
                postgres: """
                    CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN RAISE EXCEPTION 'the audit log is append only'; END $$
                    """),
            SQL(
                sqlite: """
                    CREATE TRIGGER audit_entries_remain BEFORE DELETE ON audit_entries
                    BEGIN SELECT RAISE(ABORT, 'the audit log is append only'); END
                    """,
                postgres: """
                    CREATE TRIGGER audit_entries_stay BEFORE UPDATE OR DELETE ON audit_entries
                    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()
                    """),
        ])
}

import API
import BoundaryText
import Database

extension Migration {
    /// Organizations, users, keys.
    static let step01 = Migration(
        1, "organizations, users, keys",
        [
            // The tables of organizations, users and API keys.
            """
            CREATE TABLE organizations (id \(SQL.primaryKey), name TEXT NOT NULL, created_at BIGINT NOT NULL)
            """,
            """
            CREATE TABLE users (
                id \(SQL.primaryKey),
                organization_id BIGINT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                email TEXT NOT NULL,
                email_key TEXT NOT NULL UNIQUE,
                name TEXT NOT NULL,
                role TEXT NOT NULL,
                password_hash TEXT,
                must_change_password BIGINT NOT NULL DEFAULT 0,
                active BIGINT NOT NULL DEFAULT 1,
                created_at BIGINT NOT NULL)
            """,
            "CREATE INDEX users_of_organization ON users (organization_id, id)",
            """
            CREATE TABLE api_keys (
                id \(SQL.primaryKey),
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                name TEXT NOT NULL,
                secret_hash \(SQL.bytes) NOT NULL,
                role TEXT NOT NULL,
                expires_at BIGINT,
                last_used_at BIGINT,
                created_at BIGINT NOT NULL)
            """,
            "CREATE INDEX api_keys_of_user ON api_keys (user_id, id)",
        ])
}

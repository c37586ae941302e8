import BoundaryText
import Database

extension Migration {
    /// Tenants and limits.
    static let step12 = Migration(
        12, "tenants and limits",
        [
            // Customers, and who is limited to which.
            """
            CREATE TABLE tenants (
                id \(SQL.primaryKey),
                organization_id BIGINT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                name TEXT NOT NULL,
                name_key TEXT NOT NULL,
                psa_company_id TEXT,
                psa_company_name TEXT,
                active BIGINT NOT NULL DEFAULT 1,
                created_at BIGINT NOT NULL,
                UNIQUE (organization_id, name_key))
            """,
            "CREATE INDEX tenants_of_organization ON tenants (organization_id, id)",
            // One company is one customer; otherwise a change for one could end on a ticket of the other.
            "CREATE UNIQUE INDEX tenants_by_company ON tenants (organization_id, psa_company_id)",
            // Says that the user is limited, also when no tenant is left.
            "ALTER TABLE users ADD COLUMN limited BIGINT NOT NULL DEFAULT 0",
            """
            CREATE TABLE user_tenants (
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                tenant_id BIGINT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
                PRIMARY KEY (user_id, tenant_id))
            """,
            "CREATE INDEX user_tenants_of_tenant ON user_tenants (tenant_id)",
            // The calls that limits count.
            """
            CREATE TABLE limited_calls (
                organization_id BIGINT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                name TEXT NOT NULL,
                at BIGINT NOT NULL)
            """,
            "CREATE INDEX limited_calls_by_name ON limited_calls (organization_id, name, at)",
            "CREATE INDEX limited_calls_by_time ON limited_calls (at)",
        ])
}

import BoundaryText
import Database
import Foundation

/// A customer of the MSP. Tickets belong to it by its company in the ticketing system.
public struct Tenant: Sendable, Equatable, RowDecodable {
    /// The type of a tenant's key.
    public typealias ID = RowID<Tenant>

    /// The key.
    public let id: ID
    /// The MSP.
    public let organization: Organization.ID
    /// As people call it.
    public let name: String
    /// Its company's id in the ticketing system; nil while nobody said which it is.
    public let psaCompany: String?
    /// That company's name, as it was when it was chosen.
    public let psaCompanyName: String?
    /// Whether it is offered.
    public let isActive: Bool
    /// When it was made.
    public let createdAt: Date

    /// Reads a row of `tenants`.
    public init(row: Row) throws {
        id = try row["id"]
        organization = try row["organization_id"]
        name = try row["name"]
        psaCompany = try row["psa_company_id"]
        psaCompanyName = try row["psa_company_name"]
        isActive = try row["active"]
        createdAt = try row["created_at"]
    }

    /// One of an organization's tenants; nil when there is no such.
    public static func find(_ id: ID, of organization: Organization.ID, in db: Connection) throws -> Tenant? {
        try db.first(
            "SELECT * FROM tenants WHERE id = \(id) AND organization_id = \(organization)", as: Tenant.self)
    }

    /// The tenants that a user is limited to.
    static func limits(of user: User.ID, in db: Connection) throws -> [Tenant] {
        try db.all(
            """
            SELECT t.* FROM user_tenants l JOIN tenants t ON t.id = l.tenant_id
            WHERE l.user_id = \(user) ORDER BY t.id LIMIT 1000
            """, as: Tenant.self)
    }
}

/// Customers, and who is limited to which.
public let tenantSchema: [SQL] = [
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
]

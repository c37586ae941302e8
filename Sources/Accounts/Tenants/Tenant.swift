import API
import BoundaryText
import Database
import Foundation

/// A customer of the MSP. Tickets belong to it by its company in the ticketing system.
public struct Tenant: Sendable, Equatable, RowDecodable {
    /// The type of a tenant's key.
    public typealias ID = Tenants.ID

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

    /// A tenant, if somebody may see it; nil for all others, as if there were none.
    public static func visible(_ id: Tenant.ID, to principal: Principal, in db: Connection) throws -> Tenant? {
        let found: Tenant? = try db.first(
            "SELECT * FROM tenants WHERE id = \(id) AND organization_id = \(principal.organization)")
        guard let found else { return nil }
        return principal.tenants.map { $0.contains { $0.id == id } } ?? true ? found : nil
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

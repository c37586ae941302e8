import API
import BoundaryText
import Database
import Foundation
import WebSupport

/// A tenant: a customer of the MSP. Its tickets are those of its company in the PSA.
public struct Tenant: Sendable, Equatable, RowDecodable {
    /// The ID of a tenant.
    public typealias ID = Tenants.ID

    /// The ID.
    public let id: ID
    /// The organization, the MSP.
    public let organization: Organization.ID
    /// The name.
    public let name: String
    /// The ID of its company in the PSA; nil until one is chosen.
    public let psaCompany: String?
    /// The company's name when it was chosen.
    public let psaCompanyName: String?
    /// Whether it is active.
    public let isActive: Bool
    /// When it was created.
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

    /// Finds one of an organization's tenants; nil if it does not exist.
    public static func find(_ id: ID, of organization: Organization.ID, in db: Connection) throws -> Tenant? {
        try db.first(
            "SELECT * FROM tenants WHERE id = \(id) AND organization_id = \(organization)", as: Tenant.self)
    }

    /// A tenant that the principal may see; nil for all others, as if they did not exist.
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
            WHERE l.user_id = \(user) ORDER BY t.id LIMIT \(BodyLimits.list)
            """, as: Tenant.self)
    }
}

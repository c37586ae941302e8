import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Tenants: the MSP's customers. Tickets belong to a customer by its company in the PSA.
public enum Tenants {
    /// The type of a tenant's key.
    public typealias ID = RowID<Tenants>

    /// A customer.
    public struct Answer: Codable, Sendable, Identifiable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, name, active
            case psaCompany = "psa_company_id"
            case psaCompanyName = "psa_company_name"
            case createdAt = "created_at"
        }

        public var id: ID
        public var name: String
        public var active: Bool
        /// Nil for a customer whose tickets are those of all companies.
        public var psaCompany: String?
        public var psaCompanyName: String?
        public var createdAt: Date

        public init(
            id: ID, name: String, active: Bool, psaCompany: String?, psaCompanyName: String?, createdAt: Date
        ) {
            self.id = id
            self.name = name
            self.active = active
            self.psaCompany = psaCompany
            self.psaCompanyName = psaCompanyName
            self.createdAt = createdAt
        }
    }

    private static let lengths = ["name": 100, "psa_company_name": 200]

    /// What creating one takes. What is missing is active, without a company.
    public struct New: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case name, active
            case psaCompany = "psa_company_id"
            case psaCompanyName = "psa_company_name"
        }

        public static let lengths = Tenants.lengths

        public let name: String
        public let active: Bool?
        public let psaCompany: String?
        public let psaCompanyName: String?
    }

    /// What changing one takes. What is missing stays; an empty `psa_company_id` removes the company, and
    /// `psa_company_name` goes with it.
    public struct Change: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case name, active
            case psaCompany = "psa_company_id"
            case psaCompanyName = "psa_company_name"
        }

        public static let lengths = Tenants.lengths

        public let name: String?
        public let active: Bool?
        public let psaCompany: String?
        public let psaCompanyName: String?
    }

    /// What a list can be narrowed with.
    public enum Filter: String, QueryName {
        case search, active

        public var parameter: Parameter {
            switch self {
            case .search: Parameter(.text, "a part of the name")
            case .active: Parameter(.flag, "only active ones, or only inactive ones")
            }
        }
    }

    public static let list = Operation(
        "listTenants", .get, "/tenants", .viewer, .tenants, "List customers", query: Filter.self,
        gives: Page<Answer>.self)
    public static let create = Operation(
        "createTenant", .post, "/tenants", .admin, .tenants, "Create a customer", takes: New.self, gives: Answer.self,
        success: .created)
    public static let show = Operation(
        "showTenant", .get, "/tenants/{tenant}", .viewer, .tenants, "Show a customer", at: ID.self, gives: Answer.self)
    public static let update = Operation(
        "updateTenant", .patch, "/tenants/{tenant}", .admin, .tenants, "Update a customer", at: ID.self,
        takes: Change.self, gives: Answer.self)
    public static let delete = Operation(
        "deleteTenant", .delete, "/tenants/{tenant}", .admin, .tenants, "Delete a customer", at: ID.self)
}

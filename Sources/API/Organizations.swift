import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Organizations: the MSPs of an installation, each with its own users, connections and rules.
public enum Organizations {
    /// The type of an organization's key.
    public typealias ID = RowID<Organizations>

    /// An organization.
    public struct Answer: Codable, Sendable, Identifiable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, name
            case requiresSecondFactor = "requires_second_factor"
            case createdAt = "created_at"
        }

        public var id: ID
        public var name: String
        /// Whether users with a password need a second factor.
        public var requiresSecondFactor: Bool
        public var createdAt: Date

        public init(id: ID, name: String, requiresSecondFactor: Bool, createdAt: Date) {
            self.id = id
            self.name = name
            self.requiresSecondFactor = requiresSecondFactor
            self.createdAt = createdAt
        }
    }

    /// What creating one takes.
    public struct New: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable { case name }

        public static let lengths = ["name": 100]

        public let name: String
    }

    /// What changing one takes; what is missing stays.
    public struct Change: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case name
            case requiresSecondFactor = "requires_second_factor"
        }

        public static let lengths = ["name": 100]

        public let name: String?
        public let requiresSecondFactor: Bool?
    }

    /// What deleting one takes: its name, so that it is not the wrong one.
    public struct Deletion: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable { case name }

        public let name: String
    }

    public static let showOwn = Operation(
        "showOrganization", .get, "/organization", .viewer, .organization, "Show your organization",
        gives: Answer.self)
    public static let updateOwn = Operation(
        "updateOrganization", .patch, "/organization", .owner, .organization, "Update your organization",
        takes: Change.self, gives: Answer.self)
    public static let deleteOwn = Operation(
        "deleteOrganization", .post, "/organization/deletion", .owner, .organization, "Delete your organization",
        takes: Deletion.self)
    public static let list = Operation(
        "listOrganizations", .get, "/organizations", .superAdmin, .organizations, "List organizations",
        gives: Page<Answer>.self)
    public static let create = Operation(
        "createOrganization", .post, "/organizations", .superAdmin, .organizations, "Create an organization",
        takes: New.self, gives: Answer.self, success: .created)
    public static let show = Operation(
        "showAnyOrganization", .get, "/organizations/{id}", .superAdmin, .organizations, "Show an organization",
        at: ID.self, gives: Answer.self)
}

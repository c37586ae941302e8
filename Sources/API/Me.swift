import BoundaryText
import HTTPTypes
import WebSupport

/// The caller: the user that an API key or a sign-in acts as.
public enum Me {
    /// The caller.
    public struct Answer: Codable, Sendable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, email, name, role, scopes
            case organization = "organization_id"
            case organizationName = "organization_name"
            case authMethod = "auth_method"
            case tenants = "tenant_ids"
        }

        /// The user's.
        public var id: Users.ID
        public var email: String
        public var name: String
        /// What the caller may do: never more than the user's own role.
        public var role: Open<Role>
        /// Where the caller works: for a super admin, the organization that is being visited.
        public var organization: Organizations.ID
        /// Nil when the organization was just deleted.
        public var organizationName: String?
        /// How the caller was known, as the audit log has it: `sign_in` or `key 12`.
        public var authMethod: String
        /// What the API key in use is limited to; nil when the role is the only limit.
        public var scopes: [Open<Grant>]?
        /// The customers that the user is limited to; nil without a customer limit.
        public var tenants: [Tenants.ID]?

        public init(
            id: Users.ID, email: String, name: String, role: Role, organization: Organizations.ID,
            organizationName: String?, authMethod: String, scopes: [Grant]?, tenants: [Tenants.ID]?
        ) {
            self.id = id
            self.email = email
            self.name = name
            self.role = .known(role)
            self.organization = organization
            self.organizationName = organizationName
            self.authMethod = authMethod
            self.scopes = scopes.map { $0.map(Open.known) }
            self.tenants = tenants
        }
    }

    public static let show = Operation(
        "showMe", .get, "/me", also: ["/authtest", "/users/me"], .viewer, .me, "Show the caller", gives: Answer.self)
}

import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Identity providers: issuers through which an organization's users sign in, such as Entra ID, Google or Keycloak.
public enum IdentityProviders {
    /// The type of a provider's key.
    public typealias ID = RowID<IdentityProviders>

    /// What decides about a role.
    public enum Criterion: String, Sendable, CaseIterable, Codable {
        /// A group in the token.
        case group
        /// The domain of the e-mail address.
        case domain
    }

    /// A group or domain whose users get a role.
    public struct RoleMapping: Codable, Sendable, Equatable {
        public enum CodingKeys: String, CodingKey, CaseIterable { case kind, value, role }

        public let kind: Criterion
        /// The group's name or id, or the domain.
        public let value: String
        /// At most admin.
        public let role: Role

        public init(kind: Criterion, value: String, role: Role) {
            self.kind = kind
            self.value = value
            self.role = role
        }
    }

    /// A role mapping as it is shown.
    public struct ShownRoleMapping: Codable, Sendable {
        public enum CodingKeys: String, CodingKey, CaseIterable { case kind, value, role }

        public var kind: Open<Criterion>
        public var value: String
        public var role: Open<Role>

        public init(_ mapping: RoleMapping) {
            kind = .known(mapping.kind)
            value = mapping.value
            role = .known(mapping.role)
        }
    }

    /// A provider.
    public struct Answer: Codable, Sendable, Identifiable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, name, issuer, enabled
            case clientID = "client_id"
            case defaultRole = "default_role"
            case roleMappings = "role_mappings"
            case trustedDomains = "trusted_domains"
            case updatesRoleAtSignIn = "update_role_at_sign_in"
            case maxRole = "max_role"
            case redirectURI = "redirect_uri"
            case usesSharedRedirect = "shared_redirect"
            case groupsMissingAt = "groups_missing_at"
            case createdAt = "created_at"
        }

        public var id: ID
        public var name: String
        /// As its tokens name it.
        public var issuer: String
        /// How it knows us.
        public var clientID: String
        /// Of users whom no mapping gives another.
        public var defaultRole: Open<Role>
        /// The largest role of all that match holds.
        public var roleMappings: [ShownRoleMapping]
        /// Domains for whose addresses it is believed without `email_verified`.
        public var trustedDomains: [String]
        /// Whether roles follow groups and domain at each sign-in, and not at the first one only.
        public var updatesRoleAtSignIn: Bool
        /// The largest role that comes in this way: what the user who saved it last may manage.
        public var maxRole: Open<Role>
        /// To register with the provider.
        public var redirectURI: String
        /// Whether it still uses the redirect address that all providers once shared.
        public var usesSharedRedirect: Bool
        /// When a user last had more groups than the provider puts into a token.
        public var groupsMissingAt: Date?
        public var enabled: Bool
        public var createdAt: Date

        public init(
            id: ID, name: String, issuer: String, clientID: String, defaultRole: Role, roleMappings: [RoleMapping],
            trustedDomains: [String], updatesRoleAtSignIn: Bool, maxRole: Role, redirectURI: String,
            usesSharedRedirect: Bool, groupsMissingAt: Date?, enabled: Bool, createdAt: Date
        ) {
            self.id = id
            self.name = name
            self.issuer = issuer
            self.clientID = clientID
            self.defaultRole = .known(defaultRole)
            self.roleMappings = roleMappings.map(ShownRoleMapping.init)
            self.trustedDomains = trustedDomains
            self.updatesRoleAtSignIn = updatesRoleAtSignIn
            self.maxRole = .known(maxRole)
            self.redirectURI = redirectURI
            self.usesSharedRedirect = usesSharedRedirect
            self.groupsMissingAt = groupsMissingAt
            self.enabled = enabled
            self.createdAt = createdAt
        }
    }

    private static let lengths = ["name": 60, "issuer": 300, "client_id": 200, "client_secret": 500, "value": 200]

    /// What creating one takes. What is missing is enabled, viewer, without mappings and trusted domains, the role of the
    /// first sign-in.
    public struct New: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case name, issuer, enabled
            case clientID = "client_id"
            case clientSecret = "client_secret"
            case defaultRole = "default_role"
            case roleMappings = "role_mappings"
            case trustedDomains = "trusted_domains"
            case updatesRoleAtSignIn = "update_role_at_sign_in"
        }

        public static let lengths = IdentityProviders.lengths

        public let name: String
        public let issuer: String
        public let clientID: String
        public let clientSecret: String
        public let defaultRole: Role?
        public let roleMappings: [RoleMapping]?
        public let trustedDomains: [String]?
        public let updatesRoleAtSignIn: Bool?
        public let enabled: Bool?
    }

    /// What changing one takes; what is missing stays. Another issuer needs the secret again.
    public struct Change: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case name, issuer, enabled
            case clientID = "client_id"
            case clientSecret = "client_secret"
            case defaultRole = "default_role"
            case roleMappings = "role_mappings"
            case trustedDomains = "trusted_domains"
            case updatesRoleAtSignIn = "update_role_at_sign_in"
            case usesSharedRedirect = "shared_redirect"
        }

        public static let lengths = IdentityProviders.lengths

        public let name: String?
        public let issuer: String?
        public let clientID: String?
        public let clientSecret: String?
        public let defaultRole: Role?
        public let roleMappings: [RoleMapping]?
        public let trustedDomains: [String]?
        public let updatesRoleAtSignIn: Bool?
        /// Can only be set to false.
        public let usesSharedRedirect: Bool?
        public let enabled: Bool?
    }

    /// What a test found.
    public struct Test: Codable, Sendable {
        public enum CodingKeys: String, CodingKey, CaseIterable { case ok, message }

        public var ok: Bool
        public var message: String

        public init(ok: Bool, message: String) {
            self.ok = ok
            self.message = message
        }
    }

    public static let list = Operation(
        "listIdentityProviders", .get, "/identity-providers", .owner, .identityProviders, "List identity providers",
        gives: Page<Answer>.self)
    public static let create = Operation(
        "createIdentityProvider", .post, "/identity-providers", .owner, .identityProviders,
        "Create an identity provider", takes: New.self, gives: Answer.self, success: .created)
    public static let show = Operation(
        "showIdentityProvider", .get, "/identity-providers/{id}", .owner, .identityProviders,
        "Show an identity provider", at: ID.self, gives: Answer.self)
    public static let update = Operation(
        "updateIdentityProvider", .patch, "/identity-providers/{id}", .owner, .identityProviders,
        "Update an identity provider", at: ID.self, takes: Change.self, gives: Answer.self)
    public static let delete = Operation(
        "deleteIdentityProvider", .delete, "/identity-providers/{id}", .owner, .identityProviders,
        "Delete an identity provider", at: ID.self)
    public static let test = Operation(
        "testIdentityProvider", .post, "/identity-providers/{id}/test", .owner, .identityProviders,
        "Test an identity provider", at: ID.self, gives: Test.self)
}

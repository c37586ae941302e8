import BoundaryText
import Database
import Foundation

/// An issuer of identities that an organization's people come from: Entra ID, Google, Keycloak …
public struct IdentityProvider: Sendable, Equatable, RowDecodable {
    /// The type of a provider's key.
    public typealias ID = RowID<IdentityProvider>

    /// A group or domain whose people get a role.
    public struct RoleRule: Sendable, Equatable, Codable {
        /// What decides.
        public enum Kind: String, Sendable, CaseIterable, Codable {
            /// A group in the token.
            case group
            /// The part of the e-mail address behind the @.
            case domain
        }

        /// What decides.
        public let kind: Kind
        /// The group's name or id, or the domain.
        public let value: String
        /// What such people may do; at most admin.
        public let role: Role
    }

    /// The key.
    public let id: ID
    /// Whose people it knows.
    public let organization: Organization.ID
    /// Stands on the button.
    public let name: String
    /// As it stands in its tokens.
    public let issuer: String
    /// How it knows us.
    public let clientID: String
    /// The role of a person for whom no rule says another.
    public let defaultRole: Role
    /// The largest role of all that fit holds.
    public let roleRules: [RoleRule]
    /// Whether people can come this way.
    public let isEnabled: Bool
    /// When it was made.
    public let createdAt: Date
    let sealedSecret: String

    /// Reads a row of `identity_providers`.
    public init(row: Row) throws {
        id = try row["id"]
        organization = try row["organization_id"]
        name = try row["name"]
        issuer = try row["issuer"]
        clientID = try row["client_id"]
        defaultRole = try row["default_role"]
        isEnabled = try row["enabled"]
        createdAt = try row["created_at"]
        sealedSecret = try row["client_secret"]
        let rules: String = try row["role_rules"]
        roleRules = try JSONDecoder().decode([RoleRule].self, from: Data(rules.utf8))
    }

    /// The role that a person of these groups and this address gets.
    static func role(email: String, groups: [String], rules: [RoleRule], otherwise: Role) -> Role {
        let domain = email.lowercased().splitBytes(on: "@").last.map(String.init) ?? ""
        let fitting = rules.filter { rule in
            switch rule.kind {
            case .group: groups.contains(rule.value)
            case .domain: rule.value.lowercased() == domain
            }
        }
        return fitting.map(\.role).max() ?? otherwise
    }
}

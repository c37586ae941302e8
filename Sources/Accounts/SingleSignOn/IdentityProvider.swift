import API
import BoundaryText
import Database
import Foundation
import OpenIDConnect
import WebSupport

/// An identity provider that an organization's users sign in with: Entra ID, Google, Keycloak …
public struct IdentityProvider: Sendable, Equatable, RowDecodable {
    /// The ID of an identity provider.
    public typealias ID = IdentityProviders.ID
    /// Maps a group or domain to a role.
    public typealias RoleMapping = IdentityProviders.RoleMapping

    /// The ID.
    public let id: ID
    /// The organization whose users it authenticates.
    public let organization: Organization.ID
    /// The name on the sign-in button.
    public let name: String
    /// The issuer URL, exactly as it appears in tokens.
    public let issuer: String
    /// Our client ID at the provider.
    public let clientID: String
    /// The role of users without a matching role mapping.
    public let defaultRole: Role
    /// Role mappings; the highest matching role applies.
    public let roleMappings: [RoleMapping]
    /// E-mail domains, in lower case, for which the provider is trusted without `email_verified`.
    public let trustedDomains: [String]
    /// Whether users' roles are updated from groups and domain at each sign-in.
    public let updatesRoleAtSignIn: Bool
    /// The highest role that can sign in through it: the highest role that the last user who saved it may manage, but
    /// never super admin.
    public let maxRole: Role
    /// Whether it still uses the redirect URL that all providers once shared.
    public let usesSharedRedirect: Bool
    /// Whether users can sign in through it.
    public let isEnabled: Bool
    /// When a user last had more groups than fit into a token.
    public let groupsMissingAt: Date?
    /// When it was created.
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
        updatesRoleAtSignIn = try row["follows_roles"]
        maxRole = try row["reach"]
        usesSharedRedirect = try row["shared_return"]
        isEnabled = try row["enabled"]
        groupsMissingAt = try row["lacked_groups_at"]
        createdAt = try row["created_at"]
        sealedSecret = try row["client_secret"]
        let (rules, domains): (String, String) = (try row["role_rules"], try row["trusted_domains"])
        roleMappings = try JSONDecoder().decode([RoleMapping].self, from: Data(rules.utf8))
        trustedDomains = try JSONDecoder().decode([String].self, from: Data(domains.utf8))
    }

    /// The user's e-mail address, if the issuer vouches for it through `email_verified` or because its domain is
    /// trusted. Any other address identifies no one.
    func vouchedEmail(of claims: IdentityClaims) -> EmailAddress? {
        guard let text = claims.email, let address = EmailAddress(exactly: text) else { return nil }
        return claims.isEmailVerified ?? trustedDomains.contains(address.domain) ? address : nil
    }

    /// The role for a user with these groups and this address, at most `maxRole`.
    /// - Parameter email: An address that the issuer vouches for, or nil.
    func role(email: EmailAddress?, groups: [String]) -> Role {
        min(Self.role(email: email, groups: groups, rules: roleMappings, otherwise: defaultRole), maxRole)
    }

    static func role(email: EmailAddress?, groups: [String], rules: [RoleMapping], otherwise: Role) -> Role {
        // By byte, because Swift considers some strings with different bytes equal.
        let groups = Set(groups.map { Array($0.utf8) })
        let fitting = rules.filter { rule in
            switch rule.kind {
            case .group: groups.contains(Array(rule.value.utf8))
            case .domain: email.map { Array($0.domain.utf8) == Array(rule.value.asciiLowercased.utf8) } ?? false
            }
        }
        return fitting.map(\.role).max() ?? otherwise
    }

    /// Whether roles depend on groups, so that missing groups matter.
    var needsGroups: Bool { roleMappings.contains { $0.kind == .group } }
}

import API
import BoundaryText
import Database
import Foundation
import OpenIDConnect
import WebSupport

/// An issuer of identities that an organization's people come from: Entra ID, Google, Keycloak …
public struct IdentityProvider: Sendable, Equatable, RowDecodable {
    /// See ``API/IdentityProviders``.
    public typealias ID = IdentityProviders.ID
    /// See ``API/IdentityProviders``.
    public typealias RoleMapping = IdentityProviders.RoleMapping

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
    public let roleMappings: [RoleMapping]
    /// Domains for whose addresses it is believed without `email_verified`, lower case.
    public let trustedDomains: [String]
    /// Whether people's roles follow groups and domain at each sign-in.
    public let updatesRoleAtSignIn: Bool
    /// The largest role that comes in this way: what the last one who saved it may manage, and never a super
    /// administrator.
    public let maxRole: Role
    /// Whether it still sends people back to the address that all providers once shared.
    public let usesSharedRedirect: Bool
    /// Whether people can come this way.
    public let isEnabled: Bool
    /// When it last had more groups than it puts into a token.
    public let groupsMissingAt: Date?
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

    /// The address of a person, if the issuer vouches for it: by `email_verified`, or because its maker trusts it for the
    /// domain. Any other address stands for nobody.
    func vouchedEmail(of claims: IdentityClaims) -> EmailAddress? {
        guard let text = claims.email, let address = EmailAddress(exactly: text) else { return nil }
        return claims.isEmailVerified ?? trustedDomains.contains(address.domain) ? address : nil
    }

    /// The role that a person of these groups and this address gets; never above the provider's reach.
    /// - Parameter email: only one that the issuer vouches for.
    func role(email: EmailAddress?, groups: [String]) -> Role {
        min(Self.role(email: email, groups: groups, rules: roleMappings, otherwise: defaultRole), maxRole)
    }

    static func role(email: EmailAddress?, groups: [String], rules: [RoleMapping], otherwise: Role) -> Role {
        // By byte: for Swift, names that are written differently can be equal.
        let groups = Set(groups.map { Array($0.utf8) })
        let fitting = rules.filter { rule in
            switch rule.kind {
            case .group: groups.contains(Array(rule.value.utf8))
            case .domain: email.map { Array($0.domain.utf8) == Array(rule.value.asciiLowercased.utf8) } ?? false
            }
        }
        return fitting.map(\.role).max() ?? otherwise
    }

    /// Whether roles depend on groups, so that their absence has to be said.
    var needsGroups: Bool { roleMappings.contains { $0.kind == .group } }
}

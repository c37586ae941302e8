import API
import BoundaryText
import Database

/// Who makes a request, with the proof.
public struct Principal: Sendable, Equatable {
    /// What proved it.
    public enum Means: Sendable, Equatable {
        /// A browser's sign-in.
        case signIn(SignIn.ID)
        /// An API key.
        case key(APIKey.ID, KeyScopes?)
        /// Nothing at this moment: a job goes on with what the user started, such as `session 12`.
        case work(String)
    }

    /// The user.
    public let user: User.ID
    /// All that a request sees belongs to this organization.
    public let organization: Organization.ID
    /// The organization that the user belongs to; another one only for super administrators.
    public let home: Organization.ID
    /// For people to read.
    public let email: String
    /// For people to read.
    public let name: String
    /// What may be done. At most what an engineer may while there is a limit to customers, whatever the user's role says:
    /// whoever manages users could end the own limit, and what administrators see is the whole organization's.
    public let role: Role
    /// What proved it.
    public let means: Means
    /// The customers that the user is limited to; nil without a customer limit.
    public let tenants: [Tenant]?

    /// States who it is; only what has checked a credential does so.
    public init(
        user: User.ID, organization: Organization.ID, email: String, role: Role, home: Organization.ID? = nil,
        name: String? = nil, means: Means, tenants: [Tenant]? = nil
    ) {
        self.user = user
        self.organization = organization
        self.home = home ?? organization
        self.email = email
        self.name = name ?? email
        self.role = tenants == nil ? role : min(role, .engineer)
        self.means = means
        self.tenants = tenants
    }

    /// What the API key in use is limited to; nil for all that the role allows.
    var scopes: KeyScopes? {
        if case .key(_, let scopes) = means { scopes } else { nil }
    }

    /// Whether it is an API key that is limited to some scopes.
    var isLimitedKey: Bool { scopes != nil }

    /// The API key in use; nil in a browser.
    var key: APIKey.ID? {
        if case .key(let id, _) = means { id } else { nil }
    }

    /// What proved it, in a word: `sign_in`, `key 12`, `session 12`.
    var authMethod: String {
        switch means {
        case .signIn: "sign_in"
        case .key(let id, _): "key \(id)"
        case .work(let name): name
        }
    }

    /// For the audit log, of what comes from no address.
    public var actor: Actor { actor(at: nil) }

    /// For the audit log.
    func actor(at address: String?) -> Actor {
        Actor(user: user, name: email, authMethod: authMethod, address: address)
    }
}

extension Principal {
    /// A user as of now, for a job in the user's name: with the current role and customer limit.
    /// - Parameters:
    ///   - organization: where the work is done: the user's own, or, for a super administrator, any.
    ///   - work: what the job belongs to, such as `session 12`.
    /// - Returns: nil for a user who was deleted or can no longer sign in there.
    public static func of(
        _ user: User.ID, in organization: Organization.ID, at work: String, in db: Connection
    ) throws -> Principal? {
        let row = try db.first(
            """
            SELECT organization_id, email, name, role, limited FROM users
            WHERE id = \(user) AND active = 1 AND pending = 0
            """)
        guard let row else { return nil }
        let (home, role): (Organization.ID, Role) = (try row["organization_id"], try row["role"])
        guard home == organization || role == .superAdmin else { return nil }
        return Principal(
            user: user, organization: organization, email: try row["email"], role: role, home: home,
            name: try row["name"], means: .work(work),
            tenants: try row["limited"] ? Tenant.limits(of: user, in: db) : nil)
    }
}

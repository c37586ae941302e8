import API
import BoundaryText
import Database

/// An authenticated user making a request, and how they authenticated.
public struct Principal: Sendable, Equatable {
    /// How the user authenticated.
    public enum Means: Sendable, Equatable {
        /// A browser's sign-in.
        case signIn(SignIn.ID)
        /// An API key.
        case key(APIKey.ID, KeyScopes?)
        /// Not authenticated right now: a job that continues what the user started, such as `session 12`.
        case work(String)
    }

    /// The ID of the user.
    public let user: User.ID
    /// The organization whose data the request sees.
    public let organization: Organization.ID
    /// The user's own organization. Differs from `organization` only for super admins.
    public let home: Organization.ID
    /// The user's e-mail address, for display.
    public let email: String
    /// The user's name, for display.
    public let name: String
    /// The effective role. With a customer limit it is at most engineer, whatever the user's role: those who manage
    /// users could remove their own limit, and admin pages show the whole organization.
    public let role: Role
    /// How the user authenticated.
    public let means: Means
    /// The tenants that the user is limited to; nil without a customer limit.
    public let tenants: [Tenant]?

    /// Creates a principal. Only for code that has verified a credential.
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

    /// The scopes of the API key in use; nil if everything the role allows is allowed.
    var scopes: KeyScopes? {
        if case .key(_, let scopes) = means { scopes } else { nil }
    }

    /// Whether the request uses an API key that is limited to some scopes.
    var isLimitedKey: Bool { scopes != nil }

    /// The API key in use, if any.
    var key: APIKey.ID? {
        if case .key(let id, _) = means { id } else { nil }
    }

    /// The authentication method, as in the audit log: `sign_in`, `key 12`, `session 12`.
    var authMethod: String {
        switch means {
        case .signIn: "sign_in"
        case .key(let id, _): "key \(id)"
        case .work(let name): name
        }
    }

    /// The actor for the audit log, for work without a client address.
    public var actor: Actor { actor(at: nil) }

    /// The actor for the audit log.
    func actor(at address: String?) -> Actor {
        Actor(user: user, name: email, authMethod: authMethod, address: address)
    }
}

extension Principal {
    /// Loads a user for a job that acts for them, with their current role and customer limit.
    /// - Parameters:
    ///   - organization: The organization to work in: the user's own or, for a super admin, any.
    ///   - work: What the job belongs to, such as `session 12`.
    /// - Returns: Nil if the user was deleted or can no longer sign in there.
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

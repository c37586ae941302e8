import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Users: who signs in, or as whom an API key acts.
public enum Users {
    /// The type of a user's key.
    public typealias ID = RowID<Users>

    /// How an identity provider names a user: the one thing by which the user is recognized again.
    public struct Identity: Codable, Sendable, Equatable {
        /// The provider, as its tokens name it.
        public let issuer: String
        /// The provider's own id of the user.
        public let subject: String

        public init(issuer: String, subject: String) {
            self.issuer = issuer
            self.subject = subject
        }
    }

    /// A user.
    public struct Answer: Codable, Sendable, Identifiable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, email, name, role, active, pending, version, identity
            case pendingIdentity = "pending_identity"
            case hasPassword = "has_password"
            case hasSecondFactor = "has_second_factor"
            case lastSignInAt = "last_sign_in_at"
            case createdAt = "created_at"
        }

        public var id: ID
        public var email: String
        public var name: String
        public var role: Open<Role>
        /// Whether the user can sign in.
        public var active: Bool
        /// Whether the user came through an identity provider and is not approved yet.
        public var pending: Bool
        /// Counts changes; send it with a change to be refused when another one came first.
        public var version: Int
        /// Nil for a user with a password only.
        public var identity: Identity?
        /// The identity that came with the user's e-mail address and is not approved yet.
        public var pendingIdentity: Identity?
        public var hasPassword: Bool
        public var hasSecondFactor: Bool
        /// Nil before the first sign-in.
        public var lastSignInAt: Date?
        public var createdAt: Date

        public init(
            id: ID, email: String, name: String, role: Role, active: Bool, pending: Bool, version: Int,
            identity: Identity?, pendingIdentity: Identity?, hasPassword: Bool, hasSecondFactor: Bool,
            lastSignInAt: Date?, createdAt: Date
        ) {
            self.id = id
            self.email = email
            self.name = name
            self.role = .known(role)
            self.active = active
            self.pending = pending
            self.version = version
            self.identity = identity
            self.pendingIdentity = pendingIdentity
            self.hasPassword = hasPassword
            self.hasSecondFactor = hasSecondFactor
            self.lastSignInAt = lastSignInAt
            self.createdAt = createdAt
        }
    }

    /// The most bytes of a password: bcrypt does not look at more.
    public static let mostPasswordBytes = 72

    /// What creating one takes. The password has to be changed at the first sign-in; without one the user comes through an
    /// identity provider.
    public struct New: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case email, name, role, password
        }

        public static let lengths = [
            "email": EmailAddress.mostBytes, "name": 100, "password": Users.mostPasswordBytes,
        ]

        public let email: String
        public let name: String
        public let role: Role
        public let password: String?
    }

    /// What changing one takes; what is missing stays.
    public struct Change: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case name, role, active, version
            case identitySubject = "identity_subject"
        }

        public static let lengths = ["name": 100]

        public let name: String?
        public let role: Role?
        /// True also approves a pending user.
        public let active: Bool?
        /// The subject in `pending_identity` links it; empty unlinks, or refuses the pending one.
        public let identitySubject: String?
        /// As it was shown; refused when the user was changed since.
        public let version: Int?
    }

    /// What resetting a password takes. It must be changed at the next sign-in.
    public struct PasswordReset: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable { case password }

        public static let lengths = ["password": Users.mostPasswordBytes]

        public let password: String
    }

    /// The customers that a viewer or engineer is limited to.
    public struct Limits: JSONBody, Codable {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable { case tenants = "tenant_ids" }

        /// Nil for no limit; empty for no customer at all.
        public let tenants: [Tenants.ID]?

        public init(tenants: [Tenants.ID]?) {
            self.tenants = tenants
        }

        // Null ends a limit, and so has to be said: a member that was forgotten must not.
        public init(from decoder: any Decoder) throws {
            tenants = try decoder.container(keyedBy: CodingKeys.self).decode([Tenants.ID]?.self, forKey: .tenants)
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(tenants, forKey: .tenants)
        }
    }

    /// What a list can be narrowed with.
    public enum Filter: String, QueryName {
        case search

        public var parameter: Parameter {
            switch self {
            case .search: Parameter(.text, "a part of the name or e-mail address")
            }
        }
    }

    public static let list = Operation(
        "listUsers", .get, "/users", .admin, .users, "List users", query: Filter.self, gives: Page<Answer>.self)
    public static let create = Operation(
        "createUser", .post, "/users", .admin, .users, "Create a user", takes: New.self, gives: Answer.self,
        success: .created)
    public static let show = Operation(
        "showUser", .get, "/users/{id}", .admin, .users, "Show a user", at: ID.self, gives: Answer.self)
    public static let update = Operation(
        "updateUser", .patch, "/users/{id}", .admin, .users, "Update a user", at: ID.self, takes: Change.self,
        gives: Answer.self)
    public static let delete = Operation(
        "deleteUser", .delete, "/users/{id}", .admin, .users, "Delete a user", at: ID.self)
    public static let resetPassword = Operation(
        "resetUserPassword", .post, "/users/{id}/password", .admin, .users, "Reset a user's password", at: ID.self,
        takes: PasswordReset.self)
    public static let resetSecondFactor = Operation(
        "resetUserSecondFactor", .delete, "/users/{id}/second-factor", .admin, .users, "Reset a user's second factor",
        at: ID.self)
    public static let showLimits = Operation(
        "showUserLimits", .get, "/users/{id}/tenants", .admin, .users, "Show a user's customer limits", at: ID.self,
        gives: Limits.self)
    public static let updateLimits = Operation(
        "updateUserLimits", .put, "/users/{id}/tenants", .admin, .users, "Limit a user to customers", at: ID.self,
        takes: Limits.self, gives: Limits.self)
}

import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Keys with which programs speak in a user's name.
public enum APIKeys {
    /// The type of an API key's own key.
    public typealias ID = RowID<APIKeys>

    /// An API key.
    public struct Answer: Codable, Sendable, Identifiable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, name, role, scopes, key
            case user = "user_id"
            case userEmail = "user_email"
            case expiresAt = "expires_at"
            case lastUsedAt = "last_used_at"
            case createdAt = "created_at"
        }

        public var id: ID
        /// What uses it.
        public var name: String
        /// In whose name it speaks.
        public var user: Users.ID
        public var userEmail: String
        /// What it may do; never more than its user.
        public var role: Open<Role>
        /// What it is limited to; nil for everything that its role allows.
        public var scopes: [Open<Grant>]?
        /// When it expires; nil if never.
        public var expiresAt: Date?
        /// About when it was last used; nil if never.
        public var lastUsedAt: Date?
        public var createdAt: Date
        /// The key itself, in the answer that creates it and never again.
        public var key: SecretText?

        public init(
            id: ID, name: String, user: Users.ID, userEmail: String, role: Role, scopes: [Grant]?, expiresAt: Date?,
            lastUsedAt: Date?, createdAt: Date
        ) {
            self.id = id
            self.name = name
            self.user = user
            self.userEmail = userEmail
            self.role = .known(role)
            self.scopes = scopes.map { $0.map(Open.known) }
            self.expiresAt = expiresAt
            self.lastUsedAt = lastUsedAt
            self.createdAt = createdAt
        }
    }

    /// What creating one takes. What is missing is the caller's own: name, role and scopes of the key in use.
    public struct New: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case name, role, scopes
            case user = "user_id"
            case userEmail = "user_email"
            case expiresAt = "expires_at"
        }

        public static let lengths = ["name": 100, "scopes": Grant.longest, "user_email": 320]
        /// How many scopes one key may name.
        public static let mostScopes = 64

        public let name: String
        public let role: Role?
        public let scopes: [String]?
        /// In whose name it speaks, when that is not the caller.
        public let user: Users.ID?
        /// The same by e-mail address.
        public let userEmail: String?
        public let expiresAt: Date?
    }

    public static let list = Operation(
        "listAPIKeys", .get, "/api-keys", also: ["/users/keys"], .engineer, .apiKeys, "List API keys",
        gives: Page<Answer>.self)
    public static let create = Operation(
        "createAPIKey", .post, "/api-keys", also: ["/users/keys"], .engineer, .apiKeys, "Create an API key",
        takes: New.self, gives: Answer.self, success: .created)
    public static let show = Operation(
        "showAPIKey", .get, "/api-keys/{id}", also: ["/users/keys/{id}"], .engineer, .apiKeys, "Show an API key",
        at: ID.self, gives: Answer.self)
    public static let delete = Operation(
        "deleteAPIKey", .delete, "/api-keys/{id}", also: ["/users/keys/{id}"], .engineer, .apiKeys,
        "Delete an API key", at: ID.self)
}

extension Grant {
    /// How many characters the longest has.
    static let longest = allCases.map(\.rawValue.unicodeScalars.count).max() ?? 0
}

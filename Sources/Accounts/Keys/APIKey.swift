import API
import BoundaryText
import Crypto
import Database
import Foundation

/// A key with which a program speaks in a user's name.
public struct APIKey: Sendable, Equatable, RowDecodable {
    /// The type of a key's own key.
    public typealias ID = APIKeys.ID

    /// The number that stands in the key's text.
    public let id: ID
    /// Whose key it is.
    public let organization: Organization.ID
    /// In whose name it speaks.
    public let user: User.ID
    /// What it is for, in the words of whoever made it.
    public let name: String
    /// The user's e-mail.
    public let userEmail: String
    /// What it may do; never more than its user.
    public let role: Role
    /// What it is limited to; nil for everything that its role allows.
    public let scopes: KeyScopes?
    /// When it expires, if it does.
    public let expiresAt: Date?
    /// About when it was last used; nil if never.
    public let lastUsedAt: Date?
    /// When it was made.
    public let createdAt: Date

    /// Reads a row joined with its user's `email`.
    public init(row: Row) throws {
        id = try row["id"]
        organization = try row["organization_id"]
        user = try row["user_id"]
        name = try row["name"]
        userEmail = try row["email"]
        role = try row["role"]
        scopes = try row["scope"]
        expiresAt = try row["expires_at"]
        lastUsedAt = try row["last_used_at"]
        createdAt = try row["created_at"]
    }
}

/// The text of an API key: `pb_<id>_<secret>`. The secret is 256 random bits, so a plain SHA-256 of it is stored; a slow
/// hash would protect nothing and make every request slow.
public struct APIKeyText: Sendable, Equatable, LosslessStringConvertible {
    /// Finds the row.
    public let id: APIKey.ID
    private let secret: String

    /// A new key's text.
    public static func make(for id: APIKey.ID, secret: [UInt8]) -> APIKeyText {
        APIKeyText(id: id, secret: Base64URL.text(secret))
    }

    /// 256 fresh random bits.
    public static func randomSecret() -> [UInt8] {
        SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
    }

    private init(id: APIKey.ID, secret: String) {
        self.id = id
        self.secret = secret
    }

    /// Reads what a caller sent.
    public init?(_ text: String) {
        let parts = text.splitBytes(on: "_", maxSplits: 2, omittingEmpty: false)
        guard parts.count == 3, parts[0] == "pb", let id = APIKey.ID(String(parts[1])), parts[2].utf8.count == 43
        else { return nil }
        self.init(id: id, secret: String(parts[2]))
    }

    /// Shown once, when the key is made.
    public var description: String { "pb_\(id)_\(secret)" }

    /// What is stored.
    var secretHash: [UInt8] { Array(SHA256.hash(data: Data(secret.utf8))) }
}

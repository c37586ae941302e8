import API
import BoundaryText
import Crypto
import Database
import Foundation

/// An API key, with which a program acts as a user.
public struct APIKey: Sendable, Equatable, RowDecodable {
    /// The ID of an API key.
    public typealias ID = APIKeys.ID

    /// The ID, which is part of the key's text.
    public let id: ID
    /// The organization of the user.
    public let organization: Organization.ID
    /// The user that it acts as.
    public let user: User.ID
    /// The name that its creator gave it.
    public let name: String
    /// The user's e-mail address.
    public let userEmail: String
    /// The role; the user's own role applies if it is lower.
    public let role: Role
    /// The scopes; nil for everything that the role allows.
    public let scopes: KeyScopes?
    /// When it expires; nil if never.
    public let expiresAt: Date?
    /// When it was last used, approximately; nil if never.
    public let lastUsedAt: Date?
    /// When it was created.
    public let createdAt: Date

    /// Reads a row joined with the user's `email`.
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

/// The text of an API key: `pb_<id>_<secret>`. The secret is 256 random bits, so storing a plain SHA-256 is safe; a
/// slow hash would add no protection and slow down every request.
public struct APIKeyText: Sendable, Equatable, LosslessStringConvertible {
    /// The ID of the key.
    public let id: APIKey.ID
    private let secret: String

    /// Creates the text of a new key.
    public static func make(for id: APIKey.ID, secret: [UInt8]) -> APIKeyText {
        APIKeyText(id: id, secret: Base64URL.text(secret))
    }

    /// 256 random bits.
    public static func randomSecret() -> [UInt8] {
        SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
    }

    private init(id: APIKey.ID, secret: String) {
        self.id = id
        self.secret = secret
    }

    /// Parses the text that a caller sent.
    public init?(_ text: String) {
        let parts = text.splitBytes(on: "_", maxSplits: 2, omittingEmpty: false)
        guard parts.count == 3, parts[0] == "pb", let id = APIKey.ID(String(parts[1])), parts[2].utf8.count == 43
        else { return nil }
        self.init(id: id, secret: String(parts[2]))
    }

    /// The full text, shown only once, when the key is created.
    public var description: String { "pb_\(id)_\(secret)" }

    /// The hash that is stored.
    var secretHash: [UInt8] { Array(SHA256.hash(data: Data(secret.utf8))) }
}

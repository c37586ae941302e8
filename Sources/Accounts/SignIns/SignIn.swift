import BoundaryText
import Crypto
import Database
import Foundation

/// A sign-in: a browser in which a user is signed in.
public struct SignIn: Sendable, Equatable, RowDecodable {
    /// The ID of a sign-in.
    public typealias ID = RowID<SignIn>

    /// How the user authenticated.
    public enum Method: String, Sendable, SQLConvertible, SQLDecodable, Codable, CaseIterable {
        /// Password, and the second factor if the user has one.
        case password
        /// An identity provider, which handles any second factor itself.
        case singleSignOn = "single_sign_on"
    }

    /// The sign-in ends after this long without a request.
    public static let idleTime: Duration = .seconds(2 * 3_600)
    /// The sign-in ends after this time even if it is used.
    public static let longestTime: Duration = .seconds(12 * 3_600)
    /// The time allowed between password and code.
    static let codeTime: Duration = .seconds(600)

    /// The ID.
    public let id: ID
    /// The method.
    public let method: Method
    /// The client address at the start.
    public let address: String?
    /// The browser's user agent.
    public let agent: String?
    /// When the sign-in began.
    public let createdAt: Date
    /// When it was last used, accurate to about a minute.
    public let lastSeenAt: Date

    /// Reads a row of `sign_ins`.
    public init(row: Row) throws {
        id = try row["id"]
        method = try row["method"]
        address = try row["address"]
        agent = try row["agent"]
        createdAt = try row["created_at"]
        lastSeenAt = try row["last_seen_at"]
    }
}

/// The token in a browser's cookie: 256 random bits. Only its hash is stored.
public struct SignInToken: Sendable, Hashable {
    /// The cookie value.
    public let text: String

    /// Creates a new token.
    static func random() -> SignInToken {
        SignInToken(text: Base64URL.text(APIKeyText.randomSecret()))
    }

    /// Wraps a cookie value.
    public init(text: String) {
        self.text = text
    }

    var hash: [UInt8] { Array(SHA256.hash(data: Data(text.utf8))) }

    /// A key that proves a form comes from a page shown to this sign-in. Derived from the token, because it appears in
    /// pages.
    var formKey: [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Data("form".utf8), using: SymmetricKey(data: Data(text.utf8))))
    }
}

/// Base64url without padding.
enum Base64URL {
    static func text(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing(bytes: "+", with: "-").replacing(bytes: "/", with: "_").replacing(
            bytes: "=", with: "")
    }

    static func bytes(_ text: String) -> [UInt8]? {
        let plain = text.replacing(bytes: "-", with: "+").replacing(bytes: "_", with: "/")
        let padding = String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)
        return Data(base64Encoded: plain + padding).map { Array($0) }
    }
}

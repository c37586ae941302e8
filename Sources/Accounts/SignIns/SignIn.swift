import BoundaryText
import Crypto
import Database
import Foundation

/// A browser in which somebody is signed in.
public struct SignIn: Sendable, Equatable, RowDecodable {
    /// The type of a sign-in's key.
    public typealias ID = RowID<SignIn>

    /// How the person proved who he is.
    public enum Method: String, Sendable, SQLConvertible, SQLDecodable, Codable, CaseIterable {
        /// Password, and the second factor if there is one.
        case password
        /// An identity provider, which has its own second factor.
        case singleSignOn = "single_sign_on"
    }

    /// Without a request for this long it ends.
    public static let idleTime: Duration = .seconds(2 * 3_600)
    /// It ends after this time in any case.
    public static let longestTime: Duration = .seconds(12 * 3_600)
    /// The time between password and code.
    static let codeTime: Duration = .seconds(600)

    /// The key.
    public let id: ID
    /// How it began.
    public let method: Method
    /// From where it began.
    public let address: String?
    /// The browser, as it names itself.
    public let agent: String?
    /// When it began.
    public let createdAt: Date
    /// About when it was last used.
    public let lastSeenAt: Date

    /// Reads a row of `sign-ins`.
    public init(row: Row) throws {
        id = try row["id"]
        method = try row["method"]
        address = try row["address"]
        agent = try row["agent"]
        createdAt = try row["created_at"]
        lastSeenAt = try row["last_seen_at"]
    }
}

/// What a browser's cookie holds: 256 random bits. Only a hash of it is stored.
public struct SignInToken: Sendable, Hashable {
    /// For the cookie.
    public let text: String

    /// A fresh one.
    static func random() -> SignInToken {
        SignInToken(text: Base64URL.text(APIKeyText.randomSecret()))
    }

    /// From a cookie.
    public init(text: String) {
        self.text = text
    }

    var hash: [UInt8] { Array(SHA256.hash(data: Data(text.utf8))) }

    /// Proves that a form comes from a page that this sign-in was shown. Not the token itself: it stands in pages.
    var formKey: [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Data("form".utf8), using: SymmetricKey(data: Data(text.utf8))))
    }
}

/// Base64 for URLs and cookies, without padding.
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

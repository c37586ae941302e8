import BoundaryText
import Crypto
import Foundation

/// A secret that sender and receiver share, as `whsec_` and base64 of 24 to 64 bytes.
///
/// See the Standard Webhooks specification (standardwebhooks.com), "Signature scheme".
public struct WebhookSecret: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    private static let prefix = "whsec_"
    private static let sizes = 24...64

    private let bytes: [UInt8]

    /// Reads a secret; nil for anything else.
    public init?(_ text: String) {
        guard let encoded = text.dropping(prefix: Self.prefix), let data = Data(base64Encoded: String(encoded)),
            Self.sizes.contains(data.count)
        else { return nil }
        bytes = Array(data)
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// A new secret of 32 random bytes.
    public static func generate() -> WebhookSecret {
        WebhookSecret(bytes: SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) })
    }

    /// The text that the receiver is given. Not the description, so that no log shows it.
    public var text: String { Self.prefix + Data(bytes).base64EncodedString() }

    /// The value of one signature: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`.
    func signature(id: String, timestamp: Int, body: Data) -> String {
        var hmac = HMAC<SHA256>(key: SymmetricKey(data: bytes))
        hmac.update(data: Data("\(id).\(timestamp).".utf8))
        hmac.update(data: body)
        return "v1," + Data(hmac.finalize()).base64EncodedString()
    }

    public var description: String { "a webhook secret" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

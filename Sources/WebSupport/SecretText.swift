import BoundaryText
import Foundation
import Synchronization

/// A secret in a response, shown only this once.
///
/// It is encoded only into responses that are sent, and such a response is marked as not storable (`Cache-Control:
/// no-store`). So neither the audit log, which encodes the states before and after, nor the responses stored for
/// repeated requests can ever contain it.
public struct SecretText: Sendable, Codable, Equatable, SchemaDescribing {
    /// The plain text of the secret.
    public let text: String

    /// Marks a text as secret.
    public init(_ text: String) {
        self.text = text
    }

    /// Reads a secret from a response.
    public init(from decoder: any Decoder) throws {
        text = try decoder.singleValueContainer().decode(String.self)
    }

    /// Writes the secret where it may be shown, and null everywhere else.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        guard let key = Showing.key, let showing = encoder.userInfo[key] as? Showing else {
            return try container.encodeNil()
        }
        showing.noteUse()
        try container.encode(text)
    }

    /// A string with `format: password`, which is how OpenAPI marks secrets.
    public static var schema: Schema { .string(format: "password") }
    /// An arbitrary value.
    public static var example: SecretText { SecretText("1") }

    /// Permission to write secrets, which records whether it was used. Lives as long as one encoder.
    final class Showing: Sendable {
        static let key = CodingUserInfoKey(rawValue: "patchbay.secrets")
        private let used = Mutex(false)
        var isUsed: Bool { used.withLock { $0 } }

        fileprivate func noteUse() { used.withLock { $0 = true } }
    }
}

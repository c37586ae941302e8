import BoundaryText
import Foundation
import Synchronization

/// A secret in an answer, shown this once.
///
/// It is written only into an answer that is sent, and that answer says of itself that it must not be stored
/// (`Cache-Control: no-store`). So neither the audit log, which encodes what was there before and is there now, nor the
/// answers that are kept for repeated requests can hold it, whoever writes a route.
public struct SecretText: Sendable, Codable, Equatable, SchemaDescribing {
    /// As the caller is to keep it.
    public let text: String

    /// Marks a text as secret.
    public init(_ text: String) {
        self.text = text
    }

    /// Reads it from an answer.
    public init(from decoder: any Decoder) throws {
        text = try decoder.singleValueContainer().decode(String.self)
    }

    /// Writes the secret where it may be shown, and null elsewhere.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        guard let key = Showing.key, let showing = encoder.userInfo[key] as? Showing else {
            return try container.encodeNil()
        }
        showing.noteUse()
        try container.encode(text)
    }

    /// `format: password`, as OpenAPI marks secrets.
    public static var schema: Schema { .string(format: "password") }
    /// Any.
    public static var example: SecretText { SecretText("1") }

    /// The permission to write secrets, which notes whether it was used. Lives as long as one encoder.
    final class Showing: Sendable {
        static let key = CodingUserInfoKey(rawValue: "patchbay.secrets")
        private let used = Mutex(false)
        var isUsed: Bool { used.withLock { $0 } }

        fileprivate func noteUse() { used.withLock { $0 = true } }
    }
}

import BoundaryText
import Foundation
import Sealing

/// What a browser keeps for us, and can neither read nor make.
enum SealedCookie {
    /// Browsers keep no larger cookie.
    private static let mostBytes = 4_096

    /// A value for a cookie; nil when it cannot be sealed.
    /// - Parameter identity: what the value is, so that it is taken for nothing else.
    static func text(of value: some Encodable, for identity: String, by sealer: Sealer) -> String? {
        guard let data = try? JSONEncoder().encode(value) else { return nil }
        return try? sealer.seal(String(decoding: data, as: UTF8.self), for: "cookie/\(identity)")
    }

    /// The value of a cookie; nil for what is not from ``text(of:for:by:)``.
    static func value<Value: Decodable>(
        of text: String, as type: Value.Type, for identity: String, by sealer: Sealer
    ) -> Value? {
        guard text.utf8.count <= mostBytes, let open = try? sealer.open(text, for: "cookie/\(identity)") else {
            return nil
        }
        return try? JSONDecoder().decode(type, from: Data(open.utf8))
    }
}

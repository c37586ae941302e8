import BoundaryText
import Foundation
import Sealing

/// Values that a browser stores for us but can neither read nor forge.
enum SealedCookie {
    /// Browsers do not store larger cookies.
    private static let mostBytes = 4_096

    /// The text of a cookie; nil if the value cannot be sealed.
    /// - Parameter identity: The purpose of the cookie, so that it is not accepted for any other.
    static func text(of value: some Encodable, for identity: String, by sealer: Sealer) -> String? {
        guard let data = try? JSONEncoder().encode(value) else { return nil }
        return try? sealer.seal(String(decoding: data, as: UTF8.self), for: "cookie/\(identity)")
    }

    /// The value of a cookie; nil if the text was not created by ``text(of:for:by:)``.
    static func value<Value: Decodable>(
        of text: String, as type: Value.Type, for identity: String, by sealer: Sealer
    ) -> Value? {
        guard text.utf8.count <= mostBytes, let open = try? sealer.open(text, for: "cookie/\(identity)") else {
            return nil
        }
        return try? JSONDecoder().decode(type, from: Data(open.utf8))
    }
}

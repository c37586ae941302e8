import BoundaryText
import Crypto

/// Proves that a form was sent from one of our pages: a secret of the sign-in, masked differently on each page so that
/// the compressed size of pages reveals nothing about it.
public enum CSRFToken {
    private static let length = 32

    /// Creates a token for a hidden form field or the header `X-CSRF-Token`.
    public static func make(for token: SignInToken) -> String {
        let mask = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        return Base64URL.text(mask + zip(mask, token.formKey).map { $0 ^ $1 })
    }

    /// Whether the token belongs to this sign-in.
    public static func verify(_ text: String?, for token: SignInToken) -> Bool {
        guard let text, let bytes = Base64URL.bytes(text), bytes.count == 2 * length else { return false }
        return ConstantTime.equal(zip(bytes[..<length], bytes[length...]).map { $0 ^ $1 }, token.formKey)
    }
}

import BoundaryText
import Crypto
import Foundation

/// The signature of a callback: base64 of HMAC-SHA256 over the raw body, keyed with the SHA-256 of the signing key.
public enum CallbackSignature {
    /// Compares in constant time.
    ///
    /// - Parameters:
    ///   - body: the bytes exactly as received.
    ///   - header: the value of `x-content-signature`.
    ///   - signingKey: the text found at `Metadata.key_url`.
    /// - Returns: true when the body is what the holder of the key signed.
    public static func verify(body: some DataProtocol, header: String, signingKey: String) -> Bool {
        guard let signature = Data(base64Encoded: header.trimmingCharacters(in: .whitespaces)) else { return false }
        let key = SymmetricKey(data: SHA256.hash(data: Data(signingKey.utf8)))
        return HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: body, using: key)
    }
}

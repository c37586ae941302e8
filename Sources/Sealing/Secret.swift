import BoundaryText
import Crypto
import Foundation

/// One of the installation's secrets: 32 random bytes from which the sealing key is derived.
///
/// Printing or reflecting it never reveals the bytes; only ``base64`` does.
public struct Secret: Sendable, Equatable {
    /// 32 bytes, the size of the derived AES-256 key.
    public static let byteCount = 32

    let material: SymmetricKey

    init(material: SymmetricKey) {
        self.material = material
    }

    /// Creates a secret from the operating system's random number generator.
    public static func generate() -> Secret {
        Secret(material: SymmetricKey(size: .bits256))
    }

    /// Parses `PATCHBAY_SECRET` or the content of a secret file: one or more base64 secrets separated by commas. The
    /// first one seals.
    ///
    /// Never returns an empty list.
    /// - Throws: ``SealingError`` with the position of the invalid secret.
    public static func list(_ text: String) throws(SealingError) -> [Secret] {
        let parts = text.splitBytes(on: ",", omittingEmpty: false).map {
            $0.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        var secrets: [Secret] = []
        for (index, part) in parts.enumerated() where !part.isEmpty {
            guard let bytes = Data(base64Encoded: part) else {
                throw .secretNotBase64(position: index + 1)
            }
            guard bytes.count == byteCount else {
                throw .secretWrongLength(position: index + 1, bytes: bytes.count)
            }
            secrets.append(Secret(material: SymmetricKey(data: bytes)))
        }
        guard !secrets.isEmpty else { throw .noSecret }
        return secrets
    }

    /// The secret in its configured form. Treat it like a password.
    public var base64: String {
        material.withUnsafeBytes { Data($0).base64EncodedString() }
    }

    /// Eight hexadecimal digits that identify the secret without revealing it; part of every sealed text.
    public var keyID: String {
        derive("patchbay key id v1", byteCount: 4).withUnsafeBytes { bytes in
            bytes.map { byte in
                let digits = String(byte, radix: 16)
                return digits.utf8.count == 1 ? "0" + digits : digits
            }.joined()
        }
    }

    var sealingKey: SymmetricKey {
        derive("patchbay sealing v1", byteCount: 32)
    }

    // No salt: the secret is already uniformly random, and RFC 5869 section 3.1 makes the salt optional.
    private func derive(_ purpose: String, byteCount: Int) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: material, info: Data(purpose.utf8), outputByteCount: byteCount)
    }
}

extension Secret: CustomStringConvertible, CustomReflectable {
    public var description: String { "Secret \(keyID)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

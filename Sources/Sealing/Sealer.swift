import BoundaryText
import Crypto
import Foundation

/// Seals credentials for storage and opens them again: AES-256-GCM under a key derived from the installation's secret.
///
/// A sealed text is bound to the identity of its row, so it cannot be opened if copied to another row. Its format is
/// `v1.KEYID.BASE64`, where the base64 contains nonce, ciphertext and tag.
public struct Sealer: Sendable {
    private static let version = "v1"

    private struct Key: Sendable {
        let id: String
        let key: SymmetricKey
    }

    private let sealing: Key
    private let opening: [Key]

    /// Creates a sealer from the installation's secrets: the first one seals, all of them open.
    /// - Throws: ``SealingError/noSecret`` if the list is empty.
    public init(_ secrets: [Secret]) throws(SealingError) {
        // Deriving a key takes a few microseconds, so do it once rather than on each call.
        let keys = secrets.map { Key(id: $0.keyID, key: $0.sealingKey) }
        guard let first = keys.first else { throw .noSecret }
        sealing = first
        opening = keys
    }

    /// The ID of the key that seals, for display to operators.
    public var keyID: String { sealing.id }

    /// The IDs of all keys that can open sealed texts.
    public var keyIDs: Set<String> { Set(opening.map(\.id)) }

    /// Seals a text for the row with this identity, for example `connection/17/private_key`.
    public func seal(_ text: String, for identity: String) throws(SealingError) -> String {
        let bound = Self.associatedData(keyID: sealing.id, identity: identity)
        guard let box = try? AES.GCM.seal(Data(text.utf8), using: sealing.key, authenticating: bound),
            let combined = box.combined
        else { throw .tooLong }
        return "\(Self.version).\(sealing.id).\(combined.base64EncodedString())"
    }

    /// Opens a text that was sealed for the row with this identity.
    ///
    /// - Throws: ``SealingError/altered`` if the text was modified or belongs to another row.
    public func open(_ sealed: String, for identity: String) throws(SealingError) -> String {
        let parts = try Self.parse(sealed)
        let candidates = opening.filter { $0.id == parts.keyID }
        guard !candidates.isEmpty else { throw .unknownKey(id: parts.keyID) }
        let bound = Self.associatedData(keyID: parts.keyID, identity: identity)
        for candidate in candidates {
            guard let box = try? AES.GCM.SealedBox(combined: parts.combined),
                let bytes = try? AES.GCM.open(box, using: candidate.key, authenticating: bound),
                let text = String(bytes: bytes, encoding: .utf8)
            else { continue }
            return text
        }
        throw .altered
    }

    /// Whether the text should be resealed because it was not sealed with the first secret.
    ///
    /// Also true for an unreadable text, so that a secret rotation encounters and reports it.
    public func needsResealing(_ sealed: String) -> Bool {
        guard let parts = try? Self.parse(sealed) else { return true }
        return parts.keyID != sealing.id
    }

    private static func parse(_ sealed: String) throws(SealingError) -> (keyID: String, combined: Data) {
        let parts = sealed.splitBytes(on: ".", omittingEmpty: false)
        guard parts.count == 3, isVersion(parts[0]), isKeyID(parts[1]) else { throw .notSealed }
        guard parts[0] == version else { throw .unknownVersion(String(parts[0])) }
        // The format has been recognized, so any failure from here on means corruption.
        guard let combined = Data(base64Encoded: String(parts[2])) else { throw .altered }
        return (String(parts[1]), combined)
    }

    // Error messages only quote values of exactly this form, so they never reveal a credential that was stored
    // unsealed.
    private static func isVersion(_ text: Substring) -> Bool {
        text.utf8.hasPrefix("v") && (2...4).contains(text.utf8.count)
            && text.utf8.dropFirst().allSatisfy { (48...57).contains($0) }
    }

    private static func isKeyID(_ text: Substring) -> Bool {
        text.utf8.count == 8 && text.utf8.allSatisfy(\.isHexDigit)
    }

    // Joining without length prefixes is unambiguous because version and key ID cannot contain the separator.
    private static func associatedData(keyID: String, identity: String) -> Data {
        Data("\(version).\(keyID).\(identity)".utf8)
    }
}

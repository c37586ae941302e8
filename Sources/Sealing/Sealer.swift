import BoundaryText
import Crypto
import Foundation

/// Seals credentials for storage and opens them again: AES-256-GCM under a key derived from the installation's secret.
///
/// A sealed text is bound to the identity of its row, so that it does not open when it is copied to another row.
/// It reads `v1.KEYID.BASE64`, where the base64 is nonce, ciphertext and tag.
public struct Sealer: Sendable {
    private static let version = "v1"

    private struct Key: Sendable {
        let id: String
        let key: SymmetricKey
    }

    private let sealing: Key
    private let opening: [Key]

    /// Takes the installation's secrets; the first one seals, all of them open. Throws when there is none.
    public init(_ secrets: [Secret]) throws(SealingError) {
        // Deriving costs some microseconds, so it is done once and not at each call.
        let keys = secrets.map { Key(id: $0.keyID, key: $0.sealingKey) }
        guard let first = keys.first else { throw .noSecret }
        sealing = first
        opening = keys
    }

    /// The id of the key that seals, to be shown to operators.
    public var keyID: String { sealing.id }

    /// The ids of all keys that open.
    public var keyIDs: Set<String> { Set(opening.map(\.id)) }

    /// Seals a text for the row with this identity, for example `connection/17/private_key`.
    public func seal(_ text: String, for identity: String) throws(SealingError) -> String {
        let bound = Self.associatedData(keyID: sealing.id, identity: identity)
        guard let box = try? AES.GCM.seal(Data(text.utf8), using: sealing.key, authenticating: bound),
            let combined = box.combined
        else { throw .tooLong }
        return "\(Self.version).\(sealing.id).\(combined.base64EncodedString())"
    }

    /// Opens what was sealed for the row with this identity.
    ///
    /// Throws ``SealingError/altered`` when the text was changed or comes from another row.
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

    /// Whether the text should be sealed again because another secret than the first one sealed it.
    ///
    /// Also true of a text that cannot be read, so that a rotation comes across it and reports it.
    public func needsResealing(_ sealed: String) -> Bool {
        guard let parts = try? Self.parse(sealed) else { return true }
        return parts.keyID != sealing.id
    }

    private static func parse(_ sealed: String) throws(SealingError) -> (keyID: String, combined: Data) {
        let parts = sealed.splitBytes(on: ".", omittingEmpty: false)
        guard parts.count == 3, isVersion(parts[0]), isKeyID(parts[1]) else { throw .notSealed }
        guard parts[0] == version else { throw .unknownVersion(String(parts[0])) }
        // Shown by its form, so what fails from here on is damage and not something else.
        guard let combined = Data(base64Encoded: String(parts[2])) else { throw .altered }
        return (String(parts[1]), combined)
    }

    // Only texts of exactly this form are quoted in error messages; a credential that was stored unsealed never is.
    private static func isVersion(_ text: Substring) -> Bool {
        text.utf8.hasPrefix("v") && (2...4).contains(text.utf8.count)
            && text.utf8.dropFirst().allSatisfy { (48...57).contains($0) }
    }

    private static func isKeyID(_ text: Substring) -> Bool {
        text.utf8.count == 8 && text.utf8.allSatisfy(\.isHexDigit)
    }

    // Length-free joining is safe because version and key id cannot contain the separator.
    private static func associatedData(keyID: String, identity: String) -> Data {
        Data("\(version).\(keyID).\(identity)".utf8)
    }
}

import BoundaryText

/// Why sealing or opening failed, or why the installation's secret could not be read.
///
/// Every message tells an operator what to do. None contains a secret or a sealed text.
public enum SealingError: Error, Equatable, Sendable {
    /// The text is not in the sealed format.
    case notSealed
    /// A newer version of Patchbay sealed the text in a format this version does not know.
    case unknownVersion(String)
    /// The text was sealed with a secret that is not configured; `id` is its key ID.
    case unknownKey(id: String)
    /// The secret is configured, but the text was modified, truncated, or belongs to another row.
    case altered
    /// The text is longer than AES-GCM supports.
    case tooLong

    /// No secret was provided.
    case noSecret
    /// The secret at this position (counting from 1) is not base64.
    case secretNotBase64(position: Int)
    /// The secret at this position (counting from 1) has this many bytes instead of 32.
    case secretWrongLength(position: Int, bytes: Int)
    /// There is no secret file at this path.
    case fileMissing(path: String)
    /// A secret file already exists at this path. It is never overwritten implicitly.
    case fileExists(path: String)
    /// Users other than the owner can access the file; `mode` is its mode, for example 0o644.
    case fileExposed(path: String, mode: UInt32)
    /// The operating system returned an error, described in `reason`.
    case fileFailed(path: String, reason: String)
}

extension SealingError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notSealed:
            "The stored credential is not in Patchbay's sealed format. Enter the credential again."
        case .unknownVersion(let version):
            "The stored credential was sealed in format \(version), which this Patchbay does not know. Run a newer one."
        case .unknownKey(let id):
            "The stored credential was sealed with the secret \(id), which is not configured. "
                + "Add that secret to PATCHBAY_SECRET, after the current one, or enter the credential again."
        case .altered:
            "The stored credential was altered or belongs to another row. Enter the credential again, "
                + "and find out what changed the database."
        case .tooLong:
            "The text is too long to be sealed."
        case .noSecret:
            "There is no secret. Run `patchbay setup`, or set PATCHBAY_SECRET to the output of `openssl rand -base64 32`."
        case .secretNotBase64(let position):
            "Secret \(position) is not base64. Each must be the output of `openssl rand -base64 32`, "
                + "several separated by commas."
        case .secretWrongLength(let position, let bytes):
            "Secret \(position) has \(bytes) bytes and must have \(Secret.byteCount). "
                + "Create one with `openssl rand -base64 32`."
        case .fileMissing(let path):
            "There is no secret at \(path). Run `patchbay setup`, or set PATCHBAY_SECRET."
        case .fileExists(let path):
            "There is a secret at \(path) already. It was not changed."
        case .fileExposed(let path, let mode):
            "Others can read or write the secret at \(path) (mode \(String(mode, radix: 8))). "
                + "Run `chmod 600 \(path)`, and rotate the secret if others may have read it."
        case .fileFailed(let path, let reason):
            "The secret at \(path) cannot be used: \(reason)."
        }
    }
}

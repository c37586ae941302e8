import BoundaryText
import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The file in which `patchbay setup` stores the installation's secret: mode 600, never partially written.
public struct SecretFile: Sendable {
    // A list of a hundred secrets is far smaller than this, so a larger file cannot be a secret file.
    private static let largest = 16_384

    /// The file's path, absolute or relative to the working directory.
    public let path: String

    /// Refers to the file without accessing it.
    public init(path: String) {
        self.path = path
    }

    /// Reads the secrets.
    /// - Throws: ``SealingError`` if the file is missing, or if users other than its owner can access it.
    public func read() throws(SealingError) -> [Secret] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw errno == ENOENT ? .fileMissing(path: path) : failure()
        }
        defer { close(descriptor) }
        // Checks the open file rather than the path, so that the file cannot be swapped in between.
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure() }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .fileFailed(path: path, reason: "it is not a regular file")
        }
        let mode = UInt32(status.st_mode) & 0o7777
        guard mode & 0o077 == 0 else { throw .fileExposed(path: path, mode: mode) }
        return try Secret.list(String(decoding: try content(of: descriptor), as: UTF8.self))
    }

    /// Creates the file with one secret, and its folder with mode 700 if missing.
    ///
    /// - Throws: ``SealingError/fileExists(path:)`` if the file already exists; it is never overwritten.
    public func create(_ secret: Secret) throws(SealingError) {
        try put([secret]) { temporary in link(temporary, path) }
    }

    /// Replaces the content atomically, as a rotation does: the new secret first, then those that can still open.
    public func replace(with secrets: [Secret]) throws(SealingError) {
        guard !secrets.isEmpty else { throw .noSecret }
        try put(secrets) { temporary in rename(temporary, path) }
    }

    // Written to a temporary file and synced before it is renamed: after a crash the file is either complete or absent.
    private func put(_ secrets: [Secret], name: (String) -> Int32) throws(SealingError) {
        let folder = (path as NSString).deletingLastPathComponent
        try makeFolder(folder)
        let temporary = "\(path).\(UInt64.random(in: .min ... .max))"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure() }
        defer { unlink(temporary) }
        do {
            defer { close(descriptor) }
            let line = Array((secrets.map(\.base64).joined(separator: ",") + "\n").utf8)
            guard write(descriptor, line, line.count) == line.count, fsync(descriptor) == 0 else { throw failure() }
        }
        guard name(temporary) == 0 else {
            throw errno == EEXIST ? .fileExists(path: path) : failure()
        }
        syncFolder(folder)
    }

    private func makeFolder(_ folder: String) throws(SealingError) {
        guard !folder.isEmpty, !FileManager.default.fileExists(atPath: folder) else { return }
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .fileFailed(path: path, reason: "its folder cannot be created")
        }
    }

    // The new name is durable only once its folder is synced. Some file systems cannot sync a folder; the secret is
    // still written.
    private func syncFolder(_ folder: String) {
        let descriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private func content(of descriptor: Int32) throws(SealingError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.largest)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { readBytes(descriptor, into: $0[filled...]) }
            guard count >= 0 else {
                if errno == EINTR { continue }
                throw failure()
            }
            guard count > 0 else { return Array(bytes.prefix(filled)) }
            filled += count
        }
        throw .fileFailed(path: path, reason: "it is larger than \(Self.largest) bytes")
    }

    private func failure() -> SealingError {
        .fileFailed(path: path, reason: String(cString: strerror(errno)))
    }
}

// Outside the type, because inside it `read` would refer to the method instead of the system call.
private func readBytes(_ descriptor: Int32, into buffer: Slice<UnsafeMutableRawBufferPointer>) -> Int {
    let rest = UnsafeMutableRawBufferPointer(rebasing: buffer)
    return read(descriptor, rest.baseAddress, rest.count)
}

import BoundaryText

/// Where the database is: `sqlite:path/to/file.db` or `postgres://user:password@host:port/name`.
public enum DatabaseAddress: Sendable, Equatable {
    /// A file on a local disk.
    case sqlite(path: String)
    /// A libpq connection URI.
    case postgres(url: String)

    /// Reads the configured form.
    /// - Returns: nil for another scheme or an empty path.
    public init?(_ text: String) {
        if let path = text.dropping(prefix: "sqlite:") {
            guard !path.isEmpty else { return nil }
            self = .sqlite(path: String(path))
        } else if text.utf8.hasPrefix("postgres://") || text.utf8.hasPrefix("postgresql://") {
            self = .postgres(url: text)
        } else {
            return nil
        }
    }
}

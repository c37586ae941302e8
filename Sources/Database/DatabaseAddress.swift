/// Where the database is: `sqlite:path/to/file.db` or `postgres://user:password@host:port/name`.
public enum DatabaseAddress: Sendable, Equatable {
    /// A file on a local disk.
    case sqlite(path: String)
    /// A libpq connection URI.
    case postgres(url: String)

    /// Reads the configured form.
    /// - Returns: nil for another scheme or an empty path.
    public init?(_ text: String) {
        if text.hasPrefix("sqlite:") {
            let path = String(text.dropFirst("sqlite:".count))
            guard !path.isEmpty else { return nil }
            self = .sqlite(path: path)
        } else if text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") {
            self = .postgres(url: text)
        } else {
            return nil
        }
    }
}

import BoundaryText
import Database

extension Signal {
    /// A connection was made, changed or removed.
    public static let connections = Signal(rawValue: "connections")
}

/// The state of the outside system behind a connection.
public enum ConnectionState: String, Sendable, Codable, CaseIterable, SQLConvertible, SQLDecodable {
    /// Not used yet.
    case untested
    /// It answers.
    case ok
    /// It refuses us, so everything for it waits; the connection says why.
    case paused
}

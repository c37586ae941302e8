import BoundaryText

/// Whether a part of the server is healthy.
public struct HealthCheck: Sendable, Encodable {
    /// How a failure of the part affects the server.
    public enum Weight: Sendable {
        /// The server cannot work and must not receive requests.
        case vital
        /// Only one function is affected, and someone has to fix it in the console.
        case partial
    }

    enum CodingKeys: CodingKey {
        case name, ok, detail
    }

    /// The name of the part.
    public let name: String
    /// Whether the part is healthy.
    public let ok: Bool
    /// A description of its state.
    public let detail: String
    /// The effect of a failure.
    public let weight: Weight

    /// Creates a result.
    public init(name: String, ok: Bool, detail: String, weight: Weight = .vital) {
        self.name = name
        self.ok = ok
        self.detail = detail
        self.weight = weight
    }

    /// Whether the part is healthy.
    public var isOK: Bool { ok }
}

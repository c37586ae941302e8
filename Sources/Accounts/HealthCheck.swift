import BoundaryText

/// Whether a part of the server is well.
public struct HealthCheck: Sendable, Encodable {
    /// How much the server can do without the part.
    public enum Weight: Sendable {
        /// Nothing: it must not be sent requests.
        case vital
        /// All but one thing, which people have to put right in the console.
        case partial
    }

    enum CodingKeys: CodingKey {
        case name, ok, detail
    }

    /// Which part.
    public let name: String
    /// Whether it is well.
    public let ok: Bool
    /// What is to be said of it.
    public let detail: String
    /// What follows when it is not well.
    public let weight: Weight

    /// States it.
    public init(name: String, ok: Bool, detail: String, weight: Weight = .vital) {
        self.name = name
        self.ok = ok
        self.detail = detail
        self.weight = weight
    }

    /// Whether it is well.
    public var isOK: Bool { ok }
}

import BoundaryText

/// Whether a part of the server is well.
public struct HealthCheck: Sendable, Encodable {
    let name: String
    let ok: Bool
    let detail: String

    /// States it.
    public init(name: String, ok: Bool, detail: String) {
        self.name = name
        self.ok = ok
        self.detail = detail
    }

    /// Whether it is well.
    public var isOK: Bool { ok }
}

import BoundaryText

/// What may be shown of a credential: six bullets and the last four characters.
///
/// Of a credential shorter than eight bytes nothing is shown, because four would be half of it.
public struct Hint: Sendable, Hashable, CustomStringConvertible {
    private static let bullets = "••••••"
    private static let shown = 4
    private static let shortest = 8

    /// The hint, ready to be shown or stored beside the sealed credential.
    public let description: String

    /// Makes the hint of a credential.
    public init(of credential: String) {
        let tail = credential.utf8.count < Self.shortest ? "" : String(credential.unicodeScalars.suffix(Self.shown))
        description = Self.bullets + tail
    }
}

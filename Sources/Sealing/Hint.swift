import BoundaryText

/// The displayable part of a credential: six bullets and the last four characters.
///
/// For a credential shorter than eight characters, none are shown, because four would be half of it or more.
public struct Hint: Sendable, Hashable, CustomStringConvertible {
    private static let bullets = "••••••"
    private static let shown = 4
    private static let shortest = 8

    /// The hint, ready to display or to store beside the sealed credential.
    public let description: String

    /// Creates the hint for a credential.
    public init(of credential: String) {
        let tail =
            credential.unicodeScalars.count < Self.shortest ? "" : String(credential.unicodeScalars.suffix(Self.shown))
        description = Self.bullets + tail
    }
}

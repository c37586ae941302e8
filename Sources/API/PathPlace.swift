import BoundaryText

/// What the `{…}` of an operation's path stand for.
public protocol PathPlace: Sendable {
    /// How many there are.
    static var count: Int { get }
    /// Their texts, in order.
    var segments: [String] { get }
    /// Nil for what cannot be such a place.
    init?(segments: [String])
}

/// A path without any.
public struct NoPlace: PathPlace {
    public static let count = 0
    public let segments: [String] = []

    public init() {}
    public init?(segments: [String]) {}
}

extension PathPlace where Self: LosslessStringConvertible {
    public static var count: Int { 1 }
    public var segments: [String] { [description] }

    public init?(segments: [String]) {
        guard segments.count == 1 else { return nil }
        self.init(segments[0])
    }
}

extension RowID: PathPlace {}
extension ExternalID: PathPlace {}

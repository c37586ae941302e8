import BoundaryText

/// The key of a row, typed by what the row is, so that a rule's id cannot be passed for a recipient's.
public struct RowID<Owner>: RawRepresentable, Hashable, Sendable, Comparable, Codable,
    CustomStringConvertible, LosslessStringConvertible, ExpressibleByIntegerLiteral
{
    /// The number that the database handed out.
    public let rawValue: Int64

    /// Wraps a number.
    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// Wraps a number.
    public init(_ rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// For tests.
    public init(integerLiteral value: Int64) {
        rawValue = value
    }

    /// From a path or a query.
    public init?(_ description: String) {
        guard let value = Int64(description), value > 0 else { return nil }
        rawValue = value
    }

    /// The number.
    public var description: String { String(rawValue) }

    /// In the order in which the database handed them out.
    public static func < (left: RowID, right: RowID) -> Bool { left.rawValue < right.rawValue }

    /// A bare number.
    public init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(Int64.self)
    }

    /// A bare number.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

/// An id of the ticketing system, typed by what it names. Text, since it belongs to another system.
public struct ExternalID<Owner>: RawRepresentable, Hashable, Sendable, Codable,
    LosslessStringConvertible, ExpressibleByStringLiteral
{
    /// As the ticketing system writes it.
    public let rawValue: String

    /// Wraps a text.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Wraps a text.
    public init(_ text: String) {
        rawValue = text
    }

    /// For tests.
    public init(stringLiteral text: String) {
        rawValue = text
    }

    /// The text.
    public var description: String { rawValue }

    /// A JSON string, or a number as people who know ConnectWise write it.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        rawValue = try (try? container.decode(Int64.self)).map(String.init) ?? container.decode(String.self)
    }

    /// A JSON string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

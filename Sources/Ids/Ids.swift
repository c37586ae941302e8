import BoundaryText

/// The ID of a row, typed by the row's kind, so that a rule's ID cannot be passed as a recipient's.
public struct RowID<Owner>: RawRepresentable, Hashable, Sendable, Comparable, Codable,
    CustomStringConvertible, LosslessStringConvertible, ExpressibleByIntegerLiteral
{
    /// The number that the database assigned.
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

    /// Parses an ID from a path or query. Returns nil unless it is a positive number.
    public init?(_ description: String) {
        guard let value = Int64(description), value > 0 else { return nil }
        rawValue = value
    }

    /// The number.
    public var description: String { String(rawValue) }

    /// Orders IDs as the database assigned them.
    public static func < (left: RowID, right: RowID) -> Bool { left.rawValue < right.rawValue }

    /// Decodes a bare number.
    public init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(Int64.self)
    }

    /// Encodes a bare number.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

/// An ID from the PSA, typed by what it identifies. It is text because another system defines its format.
public struct ExternalID<Owner>: RawRepresentable, Hashable, Sendable, Codable,
    LosslessStringConvertible, ExpressibleByStringLiteral
{
    /// The ID exactly as the PSA writes it.
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

    /// Decodes a JSON string, or a number, which is how people familiar with ConnectWise write IDs.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        rawValue = try (try? container.decode(Int64.self)).map(String.init) ?? container.decode(String.self)
    }

    /// Encodes a JSON string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

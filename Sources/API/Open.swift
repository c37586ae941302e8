import BoundaryText
import WebSupport

/// A value in an answer that may be one that a newer server knows, so that an older client lives.
public enum Open<Value: RawRepresentable<String> & CaseIterable & Hashable & Sendable>: Hashable, Sendable {
    case known(Value)
    case unknown(String)

    /// As it came.
    public init(_ text: String) {
        self = Value(rawValue: text).map(Open.known) ?? .unknown(text)
    }

    /// Nil for one that is not known here.
    public var known: Value? { if case .known(let value) = self { value } else { nil } }

    /// As it came.
    public var text: String {
        switch self {
        case .known(let value): value.rawValue
        case .unknown(let text): text
        }
    }

    /// Whether it is this one.
    public static func == (value: Open, known: Value) -> Bool { value.known == known }
}

extension Open: Codable {
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

extension Open: SchemaDescribing {
    public static var schema: Schema { .oneOf(Value.allCases.map(\.rawValue)) }
    public static var example: Open { Value.allCases.first.map(Open.known) ?? .unknown("") }
}

import BoundaryText
import Foundation

/// A JSON value without a more specific type: user input, values shown unchanged, test data.
public enum JSON: Sendable, Hashable {
    case null
    case flag(Bool)
    /// A 64-bit integer. It stays an integer, because an ID must not become `7.0`.
    case integer(Int64)
    /// Any other number.
    case number(Double)
    case text(String)
    case list([JSON])
    case object([String: JSON])

    /// Parses a document.
    public init(_ data: Data) throws {
        self.init(any: try JSONSerialization.jsonObject(with: data, options: [.fragmentsAllowed]))
    }

    private init(any: Any) {
        switch any {
        case let object as [String: Any]: self = .object(object.mapValues(JSON.init(any:)))
        case let list as [Any]: self = .list(list.map(JSON.init(any:)))
        case let text as String: self = .text(text)
        case let number as NSNumber: self.init(number)
        default: self = .null
        }
    }

    /// Foundation represents numbers and booleans with the same type.
    private init(_ number: NSNumber) {
        if String(cString: number.objCType) == "c" {
            self = .flag(number.boolValue)
        } else {
            self.init(number.doubleValue, exactly: Int64(exactly: number))
        }
    }

    private init(_ value: Double, exactly whole: Int64?) {
        self = whole.map(JSON.integer) ?? .number(value)
    }

    /// Parses a number that a user typed. Empty input becomes null; anything that is not a JSON number stays text, so
    /// that the API reports what is wrong with it.
    public init(typed text: String?) {
        guard let text, !text.isEmpty else {
            self = .null
            return
        }
        // Double reads hexadecimal digits as well.
        guard let value = Double(text), value.isFinite, !text.utf8.contains(where: { $0 | 0x20 == UInt8(ascii: "x") })
        else {
            self = .text(text)
            return
        }
        self.init(value, exactly: Int64(text) ?? Int64(exactly: value))
    }

    /// Encodes a value as JSON.
    public init(of value: some Encodable) throws {
        try self.init(APIJSON.encode(value))
    }

    /// A member of an object; null if there is none.
    public subscript(_ name: String) -> JSON {
        if case .object(let members) = self { members[name] ?? .null } else { .null }
    }

    /// The members of an object; empty for anything else.
    public var members: [String: JSON] { if case .object(let members) = self { members } else { [:] } }
    /// The elements of a list; empty for anything else.
    public var elements: [JSON] { if case .list(let elements) = self { elements } else { [] } }
    /// The text; nil for anything else.
    public var string: String? { if case .text(let text) = self { text } else { nil } }
    /// The integer; nil for anything else.
    public var int: Int? { if case .integer(let number) = self { Int(exactly: number) } else { nil } }
    /// Whether the value is `true`.
    public var isTrue: Bool { self == .flag(true) }

    /// The encoded document. Equal values produce equal bytes.
    public func encoded() throws -> Data { try APIJSON.encode(self, sortedKeys: true) }
}

extension JSON: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let whole = try? container.decode(Int64.self) {
            self = .integer(whole)
        } else if let number = try? container.decode(Double.self) {
            self.init(number, exactly: nil)
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let list = try? container.decode([JSON].self) {
            self = .list(list)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .flag(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        // JSON has no infinity or NaN, so write null and let the API report the missing number.
        case .number(let value): if value.isFinite { try container.encode(value) } else { try container.encodeNil() }
        case .text(let value): try container.encode(value)
        case .list(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .flag(value) }
    public init(arrayLiteral elements: JSON...) { self = .list(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { $1 }))
    }
    public init(nilLiteral: ()) { self = .null }
}

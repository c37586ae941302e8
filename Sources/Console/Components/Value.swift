import BoundaryText
import Foundation
import WebSupport

/// A JSON value as the API answers it.
enum Value: Sendable, Equatable {
    case null
    case flag(Bool)
    case number(Double)
    case text(String)
    case list([Value])
    case object([String: Value])

    init(_ data: Data) throws {
        self.init(any: try JSONSerialization.jsonObject(with: data, options: [.fragmentsAllowed]))
    }

    private init(any: Any) {
        switch any {
        case let object as [String: Any]: self = .object(object.mapValues(Value.init(any:)))
        case let list as [Any]: self = .list(list.map(Value.init(any:)))
        case let text as String: self = .text(text)
        case let number as NSNumber:
            self = CFBoolean.isBoolean(number) ? .flag(number.boolValue) : .number(number.doubleValue)
        default: self = .null
        }
    }

    /// A number that a person typed, null for nothing; as text what is none that JSON has, so that the API says what is
    /// wrong with it.
    init(typed text: String?) {
        guard let text, !text.isEmpty else {
            self = .null
            return
        }
        self = Double(text).flatMap { $0.isFinite ? .number($0) : nil } ?? .text(text)
    }

    subscript(_ name: String) -> Value {
        if case .object(let members) = self { members[name] ?? .null } else { .null }
    }

    /// The elements of a list.
    var elements: [Value] { if case .list(let elements) = self { elements } else { [] } }
    /// `items` of a page.
    var items: [Value] { self["items"].elements }
    var isTrue: Bool { self == .flag(true) }

    /// The value as text; nil for null, lists and objects.
    var string: String? {
        switch self {
        case .text(let text): text
        case .number(let number): Int64(exactly: number).map { String($0) } ?? String(number)
        case .flag(let flag): String(flag)
        case .null, .list, .object: nil
        }
    }

    /// The value as text; empty where there is none.
    var words: String { string ?? "" }

    /// The value as a whole number; zero for what is none of 64 bits.
    var int: Int { if case .number(let number) = self { Int(exactly: number.rounded(.towardZero)) ?? 0 } else { 0 } }
    var date: Date? { string.flatMap(APIJSON.date) }
}

/// Tells numbers from booleans, which Foundation keeps in one type.
private enum CFBoolean {
    static func isBoolean(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }
}

extension Value: Encodable {
    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .flag(let value): try container.encode(value)
        case .number(let value):
            if let whole = Int64(exactly: value) {
                try container.encode(whole)
            } else if value.isFinite {
                try container.encode(value)
            } else {
                // JSON has no such number; the API says that there is none.
                try container.encodeNil()
            }
        case .text(let value): try container.encode(value)
        case .list(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

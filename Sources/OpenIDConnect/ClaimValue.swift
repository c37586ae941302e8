import BoundaryText

/// A claim as received: any JSON. Claims are read one at a time, so that an unexpected type produces an error that
/// names the claim instead of making the whole token unreadable.
enum ClaimValue: Decodable, Sendable, Equatable {
    case null
    case flag(Bool)
    case integer(Int64)
    case number(Double)
    case text(String)
    case list([ClaimValue])
    case object([String: ClaimValue])
    /// JSON that no Swift type can represent, such as 1e400.
    case unreadable

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .flag(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([ClaimValue].self) {
            self = .list(value)
        } else if let value = try? container.decode([String: ClaimValue].self) {
            self = .object(value)
        } else {
            self = .unreadable
        }
    }

    /// The type, for error messages.
    var shape: String {
        switch self {
        case .null: "null"
        case .flag: "true or false"
        case .integer, .number: "a number"
        case .text: "text"
        case .list: "a list"
        case .object: "an object"
        case .unreadable: "an unreadable value"
        }
    }

    /// The text, or a number as text: some providers send group IDs as numbers.
    var looseText: String? {
        switch self {
        case .text(let text): text
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .null, .flag, .list, .object, .unreadable: nil
        }
    }
}

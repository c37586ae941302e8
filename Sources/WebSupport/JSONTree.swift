import BoundaryText

/// The texts and lists of a body, as the decoder sees them.
enum JSONTree: Decodable {
    case text(String)
    case list([JSONTree])
    case object([String: JSONTree])
    /// Values without a length.
    case other

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let elements = try? container.decode([JSONTree].self) {
            self = .list(elements)
        } else if let members = try? container.decode([String: JSONTree].self) {
            self = .object(members)
        } else {
            self = .other
        }
    }

    var plain: Any {
        switch self {
        case .text(let text): text
        case .list(let elements): elements.map(\.plain)
        case .object(let members): members.mapValues(\.plain)
        case .other: 0
        }
    }
}

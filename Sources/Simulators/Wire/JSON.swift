/// A JSON value whose objects keep the order of their members, as the played systems do.
///
/// Own code instead of Foundation's: the simulators share two cores with the product that is measured against them.
enum JSON: Sendable, Equatable {
    case null
    case flag(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([JSON])
    case object([Member])

    struct Member: Sendable, Equatable {
        var name: String
        var value: JSON

        init(_ name: String, _ value: JSON) {
            self.name = name
            self.value = value
        }
    }

    /// An object without the members that are null: ConnectWise leaves them out of its answers.
    static func record(_ members: KeyValuePairs<String, JSON>) -> JSON {
        var kept: [Member] = []
        kept.reserveCapacity(members.count)
        for (name, value) in members where value != .null { kept.append(Member(name, value)) }
        return .object(kept)
    }

    static func optional(_ text: String?) -> JSON { text.map { .text($0) } ?? .null }
    static func optional(_ number: Int?) -> JSON { number.map { .integer($0) } ?? .null }

    subscript(_ name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The member of that name whatever its case, since ConnectWise reads names without case.
    func member(anyCase name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        let wanted = name.lowercased()
        return members.first { $0.name == name || $0.name.lowercased() == wanted }?.value
    }

    var members: [Member] {
        guard case .object(let members) = self else { return [] }
        return members
    }

    var string: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    /// The whole number in it, also when it travels as text ("26"), as recorded from live clients.
    var int: Int? {
        switch self {
        case .integer(let number): number
        case .number(let number): Int(exactly: number)
        case .text(let text): Int(text)
        case .null, .flag, .list, .object: nil
        }
    }

    var double: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        case .null, .flag, .text, .list, .object: nil
        }
    }

    var bool: Bool? {
        guard case .flag(let flag) = self else { return nil }
        return flag
    }

    var elements: [JSON]? {
        guard case .list(let elements) = self else { return nil }
        return elements
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(stringLiteral value: String) { self = .text(value) }
    init(integerLiteral value: Int) { self = .integer(value) }
    init(booleanLiteral value: Bool) { self = .flag(value) }
    init(arrayLiteral elements: JSON...) { self = .list(elements) }
    init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements.map { Member($0.0, $0.1) }) }
}

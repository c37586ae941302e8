/// A JSON value whose objects keep the order of their members, as the played systems do.
///
/// Own code instead of Foundation's: the simulators share two cores with the product that is measured against them.
package enum PlayedJSON: Sendable, Equatable {
    case null
    case flag(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([PlayedJSON])
    case object([Member])

    /// A name and its value.
    package struct Member: Sendable, Equatable {
        /// As written.
        package var name: String
        /// What the name stands for.
        package var value: PlayedJSON

        /// The member `name` of an object.
        package init(_ name: String, _ value: PlayedJSON) {
            self.name = name
            self.value = value
        }
    }

    /// An object without the members that are null: ConnectWise leaves them out of its answers.
    package static func record(_ members: KeyValuePairs<String, PlayedJSON>) -> PlayedJSON {
        var kept: [Member] = []
        kept.reserveCapacity(members.count)
        for (name, value) in members where value != .null { kept.append(Member(name, value)) }
        return .object(kept)
    }

    /// A text, or null for nil.
    package static func optional(_ text: String?) -> PlayedJSON { text.map { .text($0) } ?? .null }
    /// A whole number, or null for nil.
    package static func optional(_ number: Int?) -> PlayedJSON { number.map { .integer($0) } ?? .null }

    /// The member of that name of an object; nil if there is none.
    package subscript(_ name: String) -> PlayedJSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The members of an object, in their order; none for anything else.
    package var members: [Member] {
        guard case .object(let members) = self else { return [] }
        return members
    }

    /// The text in it.
    package var string: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    /// The whole number in it, also when it travels as text ("26"), as recorded from live clients.
    package var int: Int? {
        switch self {
        case .integer(let number): number
        case .number(let number): Int(exactly: number)
        case .text(let text): Int(text)
        case .null, .flag, .list, .object: nil
        }
    }

    /// The number in it.
    package var double: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        case .null, .flag, .text, .list, .object: nil
        }
    }

    /// The flag in it.
    package var bool: Bool? {
        guard case .flag(let flag) = self else { return nil }
        return flag
    }

    /// The elements of a list.
    package var elements: [PlayedJSON]? {
        guard case .list(let elements) = self else { return nil }
        return elements
    }
}

extension PlayedJSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .flag(value) }
    package init(arrayLiteral elements: PlayedJSON...) { self = .list(elements) }
    package init(dictionaryLiteral elements: (String, PlayedJSON)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}

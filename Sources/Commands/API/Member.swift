import API
import BoundaryText
import WebSupport

/// The name of a member of a body or an answer, or of a query parameter. It can only be one that the API has.
struct Member: Hashable, Sendable {
    let name: String

    init(_ key: some CodingKey) { name = key.stringValue }

    init(_ parameter: some QueryName) { name = parameter.rawValue }
}

extension [Member] {
    static func members(_ keys: any CodingKey...) -> [Member] { keys.map { Member($0) } }
}

/// The members of every list.
enum ListMember: String, CodingKey {
    case items
    case nextCursor = "next_cursor"
}

extension JSON {
    /// An object with these members.
    init(members: [Member: JSON]) {
        self = .object(Dictionary(uniqueKeysWithValues: members.map { ($0.key.name, $0.value) }))
    }

    /// An object with these members.
    init<Key: CodingKey & Hashable>(members: [Key: JSON]) {
        self = .object(Dictionary(uniqueKeysWithValues: members.map { ($0.key.stringValue, $0.value) }))
    }

    /// A list as the API answers it.
    static func page(_ items: [JSON], next: JSON) -> JSON {
        JSON(members: [ListMember.items: .list(items), .nextCursor: next])
    }

    /// The items of a list; none if it is no list.
    var items: [JSON] { self[ListMember.items].elements }

    subscript(member: Member) -> JSON { self[member.name] }

    subscript(key: some CodingKey) -> JSON { self[key.stringValue] }
}

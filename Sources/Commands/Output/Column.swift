import BoundaryText
import Foundation

/// One value of a thing, as people see it.
struct Column: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        case text
        /// Set flush right.
        case number
        case yesNo
        case instant
    }

    let member: String
    let title: String
    let kind: Kind

    /// Makes a column. Without a title it is the member's name in words.
    init(_ member: String, _ title: String? = nil, _ kind: Kind = .text) {
        self.member = member
        self.title = title ?? member.replacing(bytes: "_", with: " ")
        self.kind = kind
    }

    /// Makes a column that is titled with its member's name in words.
    init(_ member: String, _ kind: Kind) {
        self.init(member, nil, kind)
    }

    /// Makes a column of a member of an answer.
    init(_ member: some CodingKey, _ title: String? = nil, _ kind: Kind = .text) {
        self.init(member.stringValue, title, kind)
    }

    /// Makes a column of a member of an answer that is titled with its name in words.
    init(_ member: some CodingKey, _ kind: Kind) {
        self.init(member.stringValue, nil, kind)
    }

    static let id = Column("id", .number)

    /// The column's text for a thing; a dash stands for nothing.
    func text(of thing: JSON) -> String {
        guard let value = thing[member] else { return "–" }
        switch kind {
        case .text, .number, .yesNo: return value.plain
        case .instant: return value.text.map(Self.readable) ?? value.plain
        }
    }

    /// `2026-11-21T08:00:00.123Z` as `2026-11-21 08:00:00Z`. Stays UTC, so that it can be compared with logs.
    private static func readable(_ instant: String) -> String {
        instant.replacing(bytes: "T", with: " ").replacing(/\.\d+/, with: "")
    }
}

/// A table within the view of one thing: a board's statuses.
struct Section: Equatable, Sendable {
    let title: String
    /// The member that holds the rows.
    let member: String
    let columns: [Column]
}

extension JSON {
    /// The value in one line for people.
    var plain: String {
        switch self {
        case .null: "–"
        case .bool(let value): value ? "yes" : "no"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): value
        case .array(let values): values.map(\.plain).joined(separator: ", ")
        case .object(let members):
            members.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.plain)" }.joined(separator: ", ")
        }
    }
}

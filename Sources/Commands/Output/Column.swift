import API
import BoundaryText
import Foundation
import WebSupport

/// One value of a thing, as people see it.
struct Column: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        case text
        /// Set flush right.
        case number
        case yesNo
        case instant
        /// Coloured on a terminal.
        case state
    }

    /// What becomes of a column where there is little room: the least worth goes first.
    enum Worth: Int, Comparable, Sendable {
        case extra
        case usual
        /// Never left out.
        case key

        static func < (left: Worth, right: Worth) -> Bool { left.rawValue < right.rawValue }
    }

    let member: String
    let title: String
    let kind: Kind
    var worth = Worth.usual

    /// A column for whatever member an answer has, such as one of a newer server.
    init(named member: String, _ title: String? = nil, _ kind: Kind = .text) {
        self.member = member
        self.title = title ?? (member == "id" ? "ID" : member.replacing(bytes: "_", with: " "))
        self.kind = kind
    }

    /// A column for a member of an answer. The title defaults to the member's name in words.
    init(_ member: some CodingKey, _ title: String? = nil, _ kind: Kind = .text) {
        self.init(named: member.stringValue, title, kind)
    }

    /// A column titled with its member's name in words.
    init(_ member: some CodingKey, _ kind: Kind) {
        self.init(member, nil, kind)
    }

    /// A column for a member of a member.
    init(_ outer: some CodingKey, _ inner: some CodingKey, _ title: String, _ kind: Kind = .text) {
        self.init(named: "\(outer.stringValue).\(inner.stringValue)", title, kind)
    }

    static let id = Column(Reference.CodingKeys.id, .number).key

    /// The same column, which is never left out.
    var key: Column { with(.key) }
    /// The same column, which is left out first.
    var extra: Column { with(.extra) }

    private func with(_ worth: Worth) -> Column {
        var copy = self
        copy.worth = worth
        return copy
    }

    /// The column's text for a thing; a dash if there is none.
    /// - Parameter isAlone: whether the thing is shown alone, so that there is room for more.
    func text(of thing: JSON, _ style: Style, isAlone: Bool = false) -> String {
        let value = thing[member]
        guard !value.isNull else { return "–" }
        switch kind {
        case .text, .number, .yesNo, .state: return value.plain
        case .instant: return value.string.map { style.times.text($0, isAlone: isAlone) } ?? value.plain
        }
    }

    /// The tone in which its text is set.
    func tone(of text: String) -> Tone? {
        kind == .state ? Tone(state: text) : nil
    }
}

/// A table within the view of one thing: a board's statuses.
struct Section: Equatable, Sendable {
    let title: String
    /// The member that holds the rows.
    let member: Member
    let columns: [Column]

    init(title: String, member: some CodingKey, columns: [Column]) {
        self.title = title
        self.member = Member(member)
        self.columns = columns
    }
}

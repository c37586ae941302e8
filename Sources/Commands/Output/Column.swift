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

    static let id = Column("id", .number).key

    /// The same column, which is never left out.
    var key: Column { with(.key) }
    /// The same column, which is left out first.
    var extra: Column { with(.extra) }

    private func with(_ worth: Worth) -> Column {
        var copy = self
        copy.worth = worth
        return copy
    }

    /// The column's text for a thing; a dash stands for nothing.
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
    let member: String
    let columns: [Column]
}

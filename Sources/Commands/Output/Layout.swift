import BoundaryText
import WebSupport

extension Content.Layout {
    init(_ resource: Resource) {
        columns = resource.columns + resource.details
        sections = resource.sections
    }

    /// One line a member, titles aligned. Members that the layout does not know follow, so that an older program shows
    /// what a newer server says; known ones that the answer lacks are left out.
    func lines(of thing: JSON, _ style: Style) -> [String] {
        let members = Self.flat(thing)
        let sectioned = Set(sections.map(\.member.name))
        let unknown = members.keys.filter { name in
            !columns.contains { $0.member == name } && !sectioned.contains(name)
        }
        let shown = columns.filter { members[$0.member] != nil } + unknown.sorted().map { Column(named: $0) }
        let titles = shown.map { Self.capitalized($0.title).printable }
        let indent = (titles.map(\.displayWidth).max() ?? 0) + 2
        var lines = zip(titles, shown).map { title, column in
            title + String(repeating: " ", count: indent - title.displayWidth)
                + value(column, .object(members), style)
        }
        for section in sections {
            guard case .list(let things)? = members[section.member.name] else { continue }
            lines += ["", section.title]
            lines += things.isEmpty ? ["none"] : Table(things, columns: section.columns, style).lines()
        }
        return lines
    }

    private func value(_ column: Column, _ thing: JSON, _ style: Style) -> String {
        let text = column.text(of: thing, style, isAlone: true).printable
        return style.isColored ? column.tone(of: text)?.colored(text) ?? text : text
    }

    /// Members of members become members with a dotted name.
    private static func flat(_ thing: JSON, under prefix: String = "") -> [String: JSON] {
        thing.members.reduce(into: [:]) { flat, member in
            if case .object = member.value {
                flat.merge(Self.flat(member.value, under: "\(prefix)\(member.key).")) { first, _ in first }
            } else {
                flat[prefix + member.key] = member.value
            }
        }
    }

    private static func capitalized(_ text: String) -> String {
        text.sentenceCased
    }
}

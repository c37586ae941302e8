import BoundaryText
import WebSupport

/// Rows in aligned columns.
struct Table: Sendable {
    /// Columns are parted by so many blanks.
    private static let gap = 2
    /// What is left of a text at least, before whole columns are left out for it.
    private static let least = 10

    let columns: [Column]
    let rows: [[String]]
    let style: Style

    /// Makes a table of things.
    init(_ things: [JSON], columns: [Column], _ style: Style) {
        self.columns = columns
        self.style = style
        rows = things.map { thing in columns.map { $0.text(of: thing, style).printable } }
    }

    /// The table's lines, without blanks at the end. On a terminal none is longer than it is wide: columns that are worth
    /// least are left out, then the widest are cut.
    func lines() -> [String] {
        let natural = columns.indices.map { index in
            rows.reduce(columns[index].title.displayWidth) { max($0, $1[index].displayWidth) }
        }
        let shown = shown(natural)
        let widths = cut(shown.map { natural[$0] }, shown)
        return [line(columns.map { $0.title.uppercased() }, shown, widths, isTitle: true)]
            + rows.map { line($0, shown, widths, isTitle: false) }
    }

    private func line(_ cells: [String], _ shown: [Int], _ widths: [Int], isTitle: Bool) -> String {
        zip(shown, widths).map { index, width in
            let column = columns[index]
            let text = cells[index].cut(to: width)
            let blanks = String(repeating: " ", count: max(0, width - text.displayWidth))
            let tone = style.isColored && !isTitle ? column.tone(of: cells[index]) : nil
            let set = tone?.colored(text) ?? text
            return column.kind == .number ? blanks + set : set + blanks
        }
        .joined(separator: String(repeating: " ", count: Self.gap))
        .trimmingBlanks()
    }

    private func total(_ widths: [Int]) -> Int { widths.reduce(0, +) + Self.gap * max(0, widths.count - 1) }

    /// The columns for which there is room when texts are cut.
    private func shown(_ natural: [Int]) -> [Int] {
        var shown = Array(columns.indices)
        guard let width = style.width else { return shown }
        func least(_ index: Int) -> Int {
            columns[index].kind == .text ? min(natural[index], Self.least) : natural[index]
        }
        while total(shown.map(least)) > width {
            let droppable = shown.filter { columns[$0].worth < .key }
            // Of those that are worth the same, the last goes first.
            guard let worth = droppable.map({ columns[$0].worth }).min(),
                let dropped = droppable.last(where: { columns[$0].worth == worth })
            else { break }
            shown.removeAll { $0 == dropped }
        }
        return shown
    }

    /// Natural widths, the widest columns narrowed until the line has room.
    private func cut(_ natural: [Int], _ shown: [Int]) -> [Int] {
        var widths = natural
        guard let width = style.width else { return widths }
        var excess = total(widths) - width
        func narrow(_ places: [Int], to least: Int) {
            while excess > 0, let widest = places.max(by: { widths[$0] < widths[$1] }), widths[widest] > least {
                widths[widest] -= 1
                excess -= 1
            }
        }
        // A part of a text is still of use, a part of a time or a number is not.
        narrow(widths.indices.filter { columns[shown[$0]].kind == .text }, to: Self.least)
        narrow(Array(widths.indices), to: 1)
        return widths
    }
}

extension String {
    fileprivate func trimmingBlanks() -> String {
        var text = self[...]
        while text.utf8.last == UInt8(ascii: " ") { text.unicodeScalars.removeLast() }
        return String(text)
    }
}

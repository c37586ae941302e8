import BoundaryText

/// Rows in aligned columns.
struct Table: Sendable {
    /// Columns are parted by so many blanks.
    private static let gap = 2
    /// A column is not squeezed below this; then lines grow longer than the terminal.
    private static let least = 5

    let columns: [Column]
    let rows: [[String]]

    /// Makes a table of things.
    init(_ things: [JSON], columns: [Column]) {
        self.columns = columns
        rows = things.map { thing in columns.map { $0.text(of: thing).printable } }
    }

    /// The table's lines, without blanks at the end. `width` is the terminal's in columns; without one nothing is cut.
    func lines(width: Int?) -> [String] {
        let titles = columns.map { $0.title.uppercased() }
        let widths = widths(titles: titles, width: width)
        return ([titles] + rows).map { cells in
            zip(zip(cells, widths), columns)
                .map { cell, column in Self.pad(cell.0.cut(to: cell.1), to: cell.1, flushRight: column.kind == .number)
                }
                .joined(separator: String(repeating: " ", count: Self.gap))
                .trimmingBlanks()
        }
    }

    /// Natural widths, the widest columns narrowed until the line fits.
    private func widths(titles: [String], width: Int?) -> [Int] {
        var widths = columns.indices.map { index in
            rows.reduce(titles[index].displayWidth) { max($0, $1[index].displayWidth) }
        }
        guard let width else { return widths }
        var excess = widths.reduce(0, +) + Self.gap * max(0, widths.count - 1) - width
        while excess > 0, let widest = widths.indices.max(by: { widths[$0] < widths[$1] }), widths[widest] > Self.least
        {
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    private static func pad(_ text: String, to width: Int, flushRight: Bool) -> String {
        let blanks = String(repeating: " ", count: max(0, width - text.displayWidth))
        return flushRight ? blanks + text : text + blanks
    }
}

extension String {
    fileprivate func trimmingBlanks() -> String {
        var text = self[...]
        while text.utf8.last == UInt8(ascii: " ") { text.unicodeScalars.removeLast() }
        return String(text)
    }
}

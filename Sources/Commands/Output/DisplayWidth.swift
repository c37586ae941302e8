import BoundaryText

extension StringProtocol {
    /// Text from elsewhere made safe for a terminal and a single line: a ticket's title must not be able to move the
    /// cursor, colour the screen or reverse what follows.
    var printable: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.compactMap { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .lineSeparator, .paragraphSeparator: " "
                    case .format: scalar.joins ? scalar : nil
                    default: scalar
                    }
                }))
    }

    /// Columns that the text takes in a terminal.
    var displayWidth: Int { reduce(0) { $0 + $1.displayWidth } }

    /// The text cut to so many columns, with an ellipsis for what is missing.
    func cut(to width: Int) -> String {
        guard displayWidth > width else { return String(self) }
        guard width > 0 else { return "" }
        var cut = ""
        var used = 0
        for character in self {
            let next = character.displayWidth
            guard used + next <= width - 1 else { break }
            cut.append(character)
            used += next
        }
        return cut + "…"
    }
}

extension Character {
    /// Columns that the character takes: 0 for marks without a base, 2 for East Asian wide characters and emoji.
    var displayWidth: Int {
        guard let first = unicodeScalars.first else { return 0 }
        switch first.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        let asEmoji = first.properties.isEmojiPresentation || unicodeScalars.contains("\u{FE0F}")
        return asEmoji || first.isWide ? 2 : 1
    }
}

extension Unicode.Scalar {
    /// The blocks that Unicode's East Asian Width calls wide or full width, without emoji.
    fileprivate var isWide: Bool {
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
            0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
            0x20000...0x3FFFD:
            true
        default: false
        }
    }

    /// Zero-width joiner and non-joiner shape emoji and several scripts; other invisible characters are dropped.
    fileprivate var joins: Bool { value == 0x200C || value == 0x200D }
}

extension StringProtocol {
    /// The number of characters a reader sees. A character can have any number of bytes, so don't use this to limit
    /// what is stored; state the reason at the call site.
    package var characterCount: Int { reduce(0) { count, _ in count + 1 } }

    /// The longest prefix of whole characters with at most `limit` UTF-8 bytes.
    package func cut(toBytes limit: Int) -> String {
        cut(to: limit, utf8.count) { $0.utf8.count }
    }

    /// The longest prefix of whole characters with at most `limit` Unicode scalars.
    package func cut(toScalars limit: Int) -> String {
        // Counting bytes is fast, and there are never more scalars than bytes.
        utf8.count <= limit ? String(self) : cut(to: limit, unicodeScalars.count) { $0.unicodeScalars.count }
    }

    /// The prefix with at most `limit` characters, as a reader counts them. It does not bound the number of bytes: use
    /// it for display, alongside a byte limit.
    package func cut(toCharacters limit: Int) -> String {
        utf8.count <= limit
            ? String(self) : String(self[..<(index(startIndex, offsetBy: limit, limitedBy: endIndex) ?? endIndex)])
    }

    private func cut(to limit: Int, _ size: Int, of count: (Character) -> Int) -> String {
        guard size > limit else { return String(self) }
        var (end, used) = (startIndex, 0)
        while end < endIndex {
            used += count(self[end])
            if used > limit { break }
            formIndex(after: &end)
        }
        return String(self[..<end])
    }

    /// The text if it has at most `limit` scalars; otherwise a prefix that ends with an ellipsis.
    package func shortened(to limit: Int) -> String {
        unicodeScalars.count > limit ? cut(toScalars: limit - 1) + "…" : String(self)
    }

    /// The text without leading blank lines and trailing whitespace. The first line keeps its indentation, because it
    /// may be code.
    package var withoutBlankEnds: String {
        let text = splitBytes(on: "\n", omittingEmpty: false)
            .drop { $0.unicodeScalars.allSatisfy(\.properties.isWhitespace) }
            .joined(separator: "\n")
        let kept = text.unicodeScalars.reversed().drop(while: \.properties.isWhitespace)
        return String(String.UnicodeScalarView(kept.reversed()))
    }

    /// The text with its first letter in upper case, as at the start of a sentence.
    package var sentenceCased: String {
        guard let first = unicodeScalars.first else { return "" }
        return first.properties.uppercaseMapping + self[unicodeScalars.index(after: startIndex)...]
    }
}

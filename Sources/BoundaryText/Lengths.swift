extension StringProtocol {
    /// How many characters a person sees. One may have any number of bytes, so this is no limit for what is kept: say why
    /// at the call.
    package var characterCount: Int { reduce(0) { count, _ in count + 1 } }

    /// The beginning of the text that has at most so many UTF-8 bytes, up to the last whole character that fits.
    package func cut(toBytes limit: Int) -> String {
        cut(to: limit, utf8.count) { $0.utf8.count }
    }

    /// The beginning of the text that has at most so many Unicode scalars, up to the last whole character that fits.
    package func cut(toScalars limit: Int) -> String {
        // The bytes are counted at once, and there are no more scalars than bytes.
        utf8.count <= limit ? String(self) : cut(to: limit, unicodeScalars.count) { $0.unicodeScalars.count }
    }

    /// The beginning of the text that has at most so many characters, as a person counts them. Says nothing of bytes: for
    /// what is shown, beside a limit of bytes.
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

    /// The text when it has at most so many scalars, else its beginning with an ellipsis at the end.
    package func shortened(to limit: Int) -> String {
        unicodeScalars.count > limit ? cut(toScalars: limit - 1) + "…" : String(self)
    }

    /// The text without empty lines at its beginning and without white space at its end. The first line keeps its
    /// indentation: it may be code.
    package var withoutBlankEnds: String {
        let text = splitBytes(on: "\n", omittingEmpty: false)
            .drop { $0.unicodeScalars.allSatisfy(\.properties.isWhitespace) }
            .joined(separator: "\n")
        let kept = text.unicodeScalars.reversed().drop(while: \.properties.isWhitespace)
        return String(String.UnicodeScalarView(kept.reversed()))
    }

    /// The text with its first letter in upper case, as a sentence begins.
    package var sentenceCased: String {
        guard let first = unicodeScalars.first else { return "" }
        return first.properties.uppercaseMapping + self[unicodeScalars.index(after: startIndex)...]
    }
}

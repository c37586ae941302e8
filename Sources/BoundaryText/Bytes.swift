// Everything except Swift compares text by code point: browsers, databases, ConnectWise, spreadsheets. If a dangerous
// character combines with its neighbor ("<" after U+0600, a quote before U+0301), Swift's own `contains` and
// `replacing` no longer find it, but those systems still do. So text that crosses a boundary is examined by byte or by
// scalar.

extension Collection<UInt8> {
    /// Whether the bytes start with the bytes of the text.
    @inlinable
    package func hasPrefix(_ prefix: String) -> Bool { starts(with: prefix.utf8) }

    /// The first occurrence of the text's bytes, or nil. An empty text is found at the start.
    package func firstRange(of text: String) -> Range<Index>? {
        guard let first = text.utf8.first else { return startIndex..<startIndex }
        var start = startIndex
        while let candidate = self[start...].firstIndex(of: first) {
            var end = candidate
            if text.utf8.allSatisfy({ byte in
                guard end < endIndex, self[end] == byte else { return false }
                formIndex(after: &end)
                return true
            }) {
                return candidate..<end
            }
            start = index(after: candidate)
        }
        return nil
    }

    /// Whether the bytes of the text occur here contiguously.
    package func contains(_ text: String) -> Bool { firstRange(of: text) != nil }
}

extension BidirectionalCollection<UInt8> {
    /// Whether the bytes end with the bytes of the text.
    @inlinable
    package func hasSuffix(_ suffix: String) -> Bool { reversed().starts(with: suffix.utf8.reversed()) }
}

extension StringProtocol {
    /// The text percent-encoded for a URL: every byte except letters, digits and `kept` becomes `%` and two hex digits
    /// (RFC 3986, section 2.1).
    /// - Parameter kept: ASCII characters to leave unencoded.
    package func percentEncoded(keeping kept: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        encoded.reserveCapacity(utf8.count)
        for byte in utf8 {
            if byte.isLetter || byte.isDigit || kept.utf8.contains(byte) {
                encoded.append(byte)
            } else {
                encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// The text after the prefix, or nil if the text does not start with it, byte for byte.
    package func dropping(prefix: String) -> SubSequence? {
        guard utf8.starts(with: prefix.utf8) else { return nil }
        return self[utf8.index(startIndex, offsetBy: prefix.utf8.count)...]
    }

    /// The text before the suffix, or nil if the text does not end with it, byte for byte.
    package func dropping(suffix: String) -> SubSequence? {
        guard utf8.reversed().starts(with: suffix.utf8.reversed()) else { return nil }
        return self[..<utf8.index(endIndex, offsetBy: -suffix.utf8.count)]
    }

    /// The text with each occurrence of a byte sequence replaced.
    package func replacing(bytes text: String, with replacement: String) -> String {
        // Fast path: most texts contain nothing to replace.
        guard let first = text.utf8.first, utf8.withContiguousStorageIfAvailable({ $0.contains(first) }) ?? true else {
            return String(self)
        }
        return splitBytes(on: text, omittingEmpty: false).joined(separator: replacement)
    }

    /// The parts between separators, compared byte for byte.
    /// - Parameter separator: Must not be empty.
    package func splitBytes(on separator: String, maxSplits: Int = .max, omittingEmpty: Bool = true) -> [SubSequence] {
        precondition(!separator.isEmpty, "a separator has at least one byte")
        var parts: [SubSequence] = []
        var (start, splits) = (startIndex, 0)
        while splits < maxSplits, let found = utf8[start...].firstRange(of: separator) {
            if !omittingEmpty || start < found.lowerBound {
                parts.append(self[start..<found.lowerBound])
                splits += 1
            }
            start = found.upperBound
        }
        if !omittingEmpty || start < endIndex { parts.append(self[start...]) }
        return parts
    }

    /// The parts between scalars that satisfy the condition.
    package func splitScalars(
        omittingEmpty: Bool = true, where isSeparator: (Unicode.Scalar) -> Bool
    ) -> [SubSequence] {
        var parts: [SubSequence] = []
        var start = startIndex
        for index in unicodeScalars.indices where isSeparator(unicodeScalars[index]) {
            if !omittingEmpty || start < index { parts.append(self[start..<index]) }
            start = unicodeScalars.index(after: index)
        }
        if !omittingEmpty || start < endIndex { parts.append(self[start...]) }
        return parts
    }

    /// The words, without surrounding whitespace.
    package var words: [SubSequence] { splitScalars(where: \.properties.isWhitespace) }

    /// The lines, including empty ones; CR LF counts as one line ending.
    package var lines: [SubSequence] {
        var lines: [SubSequence] = []
        var start = startIndex
        var previous: Unicode.Scalar?
        for index in unicodeScalars.indices {
            let scalar = unicodeScalars[index]
            defer { previous = scalar }
            guard scalar.isNewline else { continue }
            let next = unicodeScalars.index(after: index)
            if scalar != "\n" || previous != "\r" { lines.append(self[start..<index]) }
            start = next
        }
        lines.append(self[start...])
        return lines
    }
}

extension Unicode.Scalar {
    /// Whether the scalar is a line break under Unicode's rules (UAX 14).
    package var isNewline: Bool {
        switch self {
        case "\n", "\r", "\u{0B}", "\u{0C}", "\u{85}", "\u{2028}", "\u{2029}": true
        default: false
        }
    }

    /// Whether the scalar is a control character (general category Cc, which Unicode guarantees never to extend).
    package var isControl: Bool { value < 0x20 || (0x7F...0x9F).contains(value) }
}

/// Texts in which what is dangerous stands beside what joins with it. Swift compares text by grapheme cluster, all others
/// by byte or code point: a `<` that joins with its neighbour is none for `Character`, and one for every browser.
public enum TextCorpus {
    /// What changes the meaning of HTML, CSV, conditions, Markdown, headers or log lines.
    public static let dangerous: [Unicode.Scalar] = [
        "<", ">", "&", "\"", "'", "`", "=", "+", "-", "@", "\t", "\r", "\n", ",", ";", "\\", "/", "%", "*", "[", "\0",
    ]

    /// What joins with the character behind it: Arabic and Kaithi number signs, the end of ayah, Syriac abbreviation.
    public static let before: [Unicode.Scalar] = ["\u{600}", "\u{110BD}", "\u{6DD}", "\u{70F}"]

    /// What joins with the character before it: joiners, marks, variation selectors, keycap, skin tone, vowel sign.
    public static let behind: [Unicode.Scalar] = [
        "\u{200D}", "\u{301}", "\u{338}", "\u{FE0F}", "\u{FE0E}", "\u{20E3}", "\u{1F3FB}", "\u{903}", "\u{200C}",
        "\u{E0100}",
    ]

    /// What stands beside without joining, and is easily taken for nothing: a regional indicator, controls, directions.
    public static let beside: [Unicode.Scalar] = [
        "\u{1F1E6}", "\u{1}", "\u{7F}", "\u{85}", "\u{2028}", "\u{202E}", "\u{FEFF}", "\u{FFFD}", "\u{10FFFF}",
    ]

    /// A text in the way of everything that a dangerous one may stand beside.
    /// - Parameter text: such as `<b>`; its first and its last scalar are those that are to be overlooked.
    public static func disguises(of text: String) -> [String] {
        var found = [text]
        for scalar in before { found.append("\(scalar)\(text)") }
        for scalar in behind { found.append("\(text)\(scalar)") }
        for scalar in beside { found.append("\(scalar)\(text)\(scalar)") }
        // Every scalar joined at both sides.
        found.append(text.unicodeScalars.map { "\u{600}\($0)\u{301}" }.joined())
        found.append(text.unicodeScalars.map { "\($0)\u{338}" }.joined())
        found.append("\u{600}\(text)\u{301}")
        found.append("\u{110BD}\(text)\u{200D}")
        return found
    }

    /// Each dangerous character in each disguise.
    public static let characters: [String] = dangerous.flatMap { disguises(of: String($0)) }

    /// The same as JSON has it, escaped, also by surrogates, and what is only half of one.
    public static let escapes: [String] =
        dangerous.flatMap { scalar in
            (before + behind).map { "\\u\(hex(scalar))\(pair($0))" } + before.map { "\(pair($0))\\u\(hex(scalar))" }
        } + ["\\ud83d", "\\ude00", "\\ude00\\ud83d", "<\\ud83d", "\\ud83d<"]

    private static func pair(_ scalar: Unicode.Scalar) -> String {
        String(scalar).utf16.map { "\\u\(hex($0))" }.joined()
    }

    private static func hex(_ scalar: Unicode.Scalar) -> String { hex(UInt16(scalar.value)) }

    private static func hex(_ unit: UInt16) -> String {
        let digits = String(unit, radix: 16)
        return String(repeating: "0", count: 4 - digits.utf8.count) + digits
    }

    // MARK: What must not come of it

    /// The name that elements and attributes would have which came out of a text.
    public static let name = "i-am-evil"

    /// Texts that would make an element or an attribute, in each disguise.
    public static let markup: [String] =
        ["<\(name)>", "<\(name) hx-get=/x hx-trigger=load>", "\" \(name)=\"", "' \(name)='", "&\(name);"].flatMap {
            text in
            // The first character is the one that must be seen.
            [text] + before.map { "\($0)\(text)" }
                + behind.map {
                    "\(text.unicodeScalars.prefix(1).map(String.init).joined())\($0)\(text.dropFirstScalar)"
                }
                + [
                    "\u{600}\(text)\u{301}", "\u{110BD}\(text)\u{338}", "\u{1F1E6}\(text)\u{1F1E6}",
                    "\u{1}\(text)\u{1}",
                ]
        }

    /// Texts of at most so many bytes, each of which holds some of these.
    public static func packed(_ texts: [String], bytes limit: Int) -> [String] {
        var packed: [String] = []
        var current = ""
        for text in texts {
            if !current.isEmpty, current.utf8.count + text.utf8.count + 1 > limit {
                packed.append(current)
                current = ""
            }
            current += "." + text
        }
        return current.isEmpty ? packed : packed + [current]
    }

    /// Where a page of HTML has what a text of others would have made: an element or an attribute of ``name``, or a raw
    /// character before it. By bytes, as a browser reads.
    public static func holes(inHTML page: some Collection<UInt8>) -> [String] {
        let (bytes, name) = (Array(page), Array(name.utf8))
        var holes: [String] = []
        var at = 0
        while at + name.count <= bytes.count {
            guard bytes[at] == name[0], bytes[at..<at + name.count].elementsEqual(name) else {
                at += 1
                continue
            }
            // Back over what may stand between the dangerous character and the name.
            var start = at
            while start > 0, bytes[start - 1] >= 0x80 || bytes[start - 1] == UInt8(ascii: " ") { start -= 1 }
            let raw = start > 0 ? bytes[start - 1] : 0
            if raw == UInt8(ascii: "<") || raw == UInt8(ascii: "\"") || raw == UInt8(ascii: "&") {
                holes.append(String(decoding: bytes[max(0, at - 60)..<min(bytes.count, at + 30)], as: UTF8.self))
            }
            at += name.count
        }
        return holes
    }
}

extension String {
    fileprivate var dropFirstScalar: String { String(String.UnicodeScalarView(unicodeScalars.dropFirst())) }
}

import BoundaryText

/// The one place where a text becomes part of a condition.
///
/// ConnectWise has no escape sequence in conditions. It reads them byte by byte, so the delimiters are looked for by byte,
/// too: for Swift's characters a quote before a combining mark, or behind a sign that joins with what follows, is none.
struct ConditionText {
    private static let (double, single, bracket) = (UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "["))

    private let bytes: [UInt8]

    /// Control characters are part of no value, but may end a string in some parser: they become blanks.
    init(_ text: String) {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: scalars.append(" ")
            default: scalars.append(scalar)
            }
        }
        bytes = Array(String(scalars).utf8)
    }

    /// Between the delimiters that the text lacks; nil when it has both.
    var quoted: String? { Self.quoted(bytes) }

    /// The same for `contains`, where `[` begins a set of characters unless it is one itself.
    var quotedLiterally: String? { Self.quoted(Self.literal(bytes)) }

    /// For `like`: a double quote, which cannot be quoted, matches any text.
    /// - Parameter within: the text before and after.
    func pattern(within wildcard: StaticString = "") -> String {
        let pattern = Self.literal(bytes).map { $0 == Self.double ? UInt8(ascii: "*") : $0 }
        return "\"\(wildcard)\(String(decoding: pattern, as: UTF8.self))\(wildcard)\""
    }

    private static func quoted(_ bytes: [UInt8]) -> String? {
        let text = String(decoding: bytes, as: UTF8.self)
        if !bytes.contains(double) { return "\"\(text)\"" }
        return bytes.contains(single) ? nil : "'\(text)'"
    }

    /// As ConnectWise documents it: `[string]` is `[[]string]`.
    private static func literal(_ bytes: [UInt8]) -> [UInt8] {
        bytes.flatMap { $0 == bracket ? Array("[[]".utf8) : [$0] }
    }
}

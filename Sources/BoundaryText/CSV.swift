/// Comma-separated values (RFC 4180).
package enum CSV {
    /// Written at the start of a file so that Excel reads it as UTF-8.
    package static let byteOrderMark = "\u{FEFF}"

    /// One field, quoted if needed. Text that a spreadsheet would run as a formula gets a leading apostrophe.
    package static func field(_ text: String) -> String {
        let text = isFormula(text) ? "'" + text : text
        guard
            text.unicodeScalars.contains(where: { $0 == "," || $0 == "\"" || $0 == ";" || $0 == "\t" || $0.isNewline })
        else { return text }
        return "\"" + text.replacing(bytes: "\"", with: "\"\"") + "\""
    }

    /// One row, including the line ending.
    package static func row(_ fields: some Sequence<String>) -> String {
        fields.map(field).joined(separator: ",") + "\r\n"
    }

    /// Spreadsheets skip whitespace and invisible characters, and some treat a full-width character like its ASCII
    /// form.
    private static func isFormula(_ text: String) -> Bool {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "=", "@", "\u{FF1D}", "\u{FF20}": return true
            case "+", "-", "\u{FF0B}", "\u{FF0D}": return !isNumber(text)
            case _ where scalar.properties.isWhitespace || scalar.isControl: continue
            case _ where scalar.properties.generalCategory == .format || scalar.properties.isDefaultIgnorableCodePoint:
                continue
            default: return false
            }
        }
        return false
    }

    private static func isNumber(_ text: String) -> Bool {
        Double(text) != nil && text.utf8.allSatisfy { "+-.0123456789eE".utf8.contains($0) }
    }
}

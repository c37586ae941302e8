/// Comma separated values, RFC 4180.
public enum CSV {
    /// One field, quoted where that is needed. What a spreadsheet would run as a formula gets an apostrophe in front.
    public static func field(_ text: String) -> String {
        var text = text
        if let first = text.first, "=+-@\t\r".contains(first), Double(text) == nil { text = "'" + text }
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}

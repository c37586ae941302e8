import BoundaryText

/// E-mail addresses, as far as they can be told from other texts.
public enum EmailAddress {
    /// Whether a text can be one: one @ with something on both sides, no white space or control characters, nothing that
    /// would make it a list or a name with an address, and not longer than mail systems allow (RFC 5321, 254).
    public static func isFit(_ text: String) -> Bool {
        let parts = text.splitBytes(on: "@", omittingEmpty: false)
        return text.utf8.count <= 254 && parts.count == 2 && parts.allSatisfy { !$0.isEmpty }
            && !text.unicodeScalars.contains {
                $0.properties.isWhitespace || $0.isControl || $0 == "," || $0 == "<" || $0 == ">"
            }
    }
}

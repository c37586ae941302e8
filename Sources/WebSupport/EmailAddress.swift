import BoundaryText

/// An e-mail address that can identify a user, and checks for addresses that cannot.
public struct EmailAddress: Sendable, Equatable {
    /// The maximum length of an address in mail systems (RFC 5321).
    public static let mostBytes = 254
    /// The address as written.
    public let text: String
    /// The form for comparison: two addresses are equal if their keys are.
    public let key: String

    /// Creates an address of ASCII characters only. Others can receive mail, but ignoring case could confuse them: the
    /// Kelvin sign (U+212A) and `k` become the same letter, but are not the same mailbox.
    public init?(exactly text: String) {
        guard Self.isFit(text), text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        self.text = text
        key = text.asciiLowercased
    }

    /// The part after the @, in lower case.
    public var domain: String { key.splitBytes(on: "@").last.map(String.init) ?? "" }

    /// Whether a text can be an address: one @ with something on both sides, no whitespace or control characters,
    /// nothing that would make it a list or a name with an address, and at most ``mostBytes``.
    public static func isFit(_ text: String) -> Bool {
        let parts = text.splitBytes(on: "@", omittingEmpty: false)
        return text.utf8.count <= mostBytes && parts.count == 2 && parts.allSatisfy { !$0.isEmpty }
            && !text.unicodeScalars.contains {
                $0.properties.isWhitespace || $0.isControl || $0 == "," || $0 == "<" || $0 == ">"
            }
    }
}

extension String {
    /// The text with A to Z in lower case and everything else unchanged, so that no other letter becomes one of them.
    public var asciiLowercased: String {
        String(
            decoding: utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
    }
}

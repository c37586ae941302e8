import BoundaryText

/// An e-mail address by which somebody can be recognized, and what can be told of others.
public struct EmailAddress: Sendable, Equatable {
    /// Mail systems allow no longer ones (RFC 5321).
    public static let mostBytes = 254
    /// As it was written.
    public let text: String
    /// For comparing: two addresses are the same when their keys are.
    public let key: String

    /// An address of ASCII characters alone. Others can be written to, but `K` (the sign for kelvin) and `k` are one letter
    /// for whoever ignores case, and not one mailbox.
    public init?(exactly text: String) {
        guard Self.isFit(text), text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        self.text = text
        key = text.asciiLowercased
    }

    /// The part behind the @, lower case.
    public var domain: String { key.splitBytes(on: "@").last.map(String.init) ?? "" }

    /// Whether a text can be one: one @ with something on both sides, no white space or control characters, nothing that
    /// would make it a list or a name with an address, and at most ``mostBytes``.
    public static func isFit(_ text: String) -> Bool {
        let parts = text.splitBytes(on: "@", omittingEmpty: false)
        return text.utf8.count <= mostBytes && parts.count == 2 && parts.allSatisfy { !$0.isEmpty }
            && !text.unicodeScalars.contains {
                $0.properties.isWhitespace || $0.isControl || $0 == "," || $0 == "<" || $0 == ">"
            }
    }
}

extension String {
    /// The same with A to Z in lower case and everything else as it is, so that no other letter becomes one of them.
    public var asciiLowercased: String {
        String(
            decoding: utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
    }
}

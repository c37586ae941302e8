/// Reads strict JSON (RFC 8259) from bytes.
package struct JSONReader {
    /// What was read is not JSON.
    package struct Malformed: Error {
        /// Offset in bytes at which reading stopped.
        package let offset: Int
    }

    /// Deeper nesting than any played system sends; keeps a hostile body from exhausting the stack.
    private static let deepest = 64

    private let bytes: [UInt8]
    private var at = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The one value in `bytes`; throws ``Malformed`` if there is none or something follows it.
    static func read(_ bytes: [UInt8]) throws(Malformed) -> PlayedJSON {
        var reader = JSONReader(bytes)
        reader.skipSpace()
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.at == bytes.count else { throw reader.malformed }
        return value
    }

    private var malformed: Malformed { Malformed(offset: at) }
    private var current: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func skipSpace() {
        while at < bytes.count, bytes[at] == 0x20 || bytes[at] == 0x0A || bytes[at] == 0x0D || bytes[at] == 0x09 {
            at += 1
        }
    }

    private mutating func value(depth: Int) throws(Malformed) -> PlayedJSON {
        guard depth < Self.deepest, let first = current else { throw malformed }
        switch first {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try list(depth: depth)
        case UInt8(ascii: "\""): return .text(try string())
        case UInt8(ascii: "t"): return try word("true", .flag(true))
        case UInt8(ascii: "f"): return try word("false", .flag(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: StaticString, _ value: PlayedJSON) throws(Malformed) -> PlayedJSON {
        for offset in 0..<word.utf8CodeUnitCount {
            guard current == (word.utf8Start + offset).pointee else { throw malformed }
            at += 1
        }
        return value
    }

    private mutating func object(depth: Int) throws(Malformed) -> PlayedJSON {
        at += 1
        var members: [PlayedJSON.Member] = []
        skipSpace()
        if current == UInt8(ascii: "}") {
            at += 1
            return .object(members)
        }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw malformed }
            let name = try string()
            skipSpace()
            guard current == UInt8(ascii: ":") else { throw malformed }
            at += 1
            skipSpace()
            members.append(PlayedJSON.Member(name, try value(depth: depth + 1)))
            skipSpace()
            guard let next = current, next == UInt8(ascii: ",") || next == UInt8(ascii: "}") else { throw malformed }
            at += 1
            if next == UInt8(ascii: "}") { return .object(members) }
        }
    }

    private mutating func list(depth: Int) throws(Malformed) -> PlayedJSON {
        at += 1
        var elements: [PlayedJSON] = []
        skipSpace()
        if current == UInt8(ascii: "]") {
            at += 1
            return .list(elements)
        }
        while true {
            skipSpace()
            elements.append(try value(depth: depth + 1))
            skipSpace()
            guard let next = current, next == UInt8(ascii: ",") || next == UInt8(ascii: "]") else { throw malformed }
            at += 1
            if next == UInt8(ascii: "]") { return .list(elements) }
        }
    }

    private mutating func number() throws(Malformed) -> PlayedJSON {
        let start = at
        var whole = true
        while let digit = current {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"): at += 1
            case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
                whole = false
                at += 1
            default:
                return try number(bytes[start..<at], whole: whole)
            }
        }
        return try number(bytes[start..<at], whole: whole)
    }

    private func number(_ digits: ArraySlice<UInt8>, whole: Bool) throws(Malformed) -> PlayedJSON {
        let text = String(decoding: digits, as: UTF8.self)
        if whole, !text.hasPrefix("+"), let integer = Int(text) { return .integer(integer) }
        guard !text.hasPrefix("+"), !text.hasPrefix("."), let double = Double(text), double.isFinite else {
            throw malformed
        }
        return .number(double)
    }

    private mutating func string() throws(Malformed) -> String {
        at += 1
        let start = at
        while let next = current, next != UInt8(ascii: "\"") {
            guard next >= 0x20 else { throw malformed }
            if next == UInt8(ascii: "\\") { return try escapedString(from: start) }
            at += 1
        }
        guard at < bytes.count else { throw malformed }
        defer { at += 1 }
        guard let text = String(validating: bytes[start..<at], as: UTF8.self) else { throw malformed }
        return text
    }

    private mutating func escapedString(from start: Int) throws(Malformed) -> String {
        var plain = Array(bytes[start..<at])
        while let next = current {
            at += 1
            switch next {
            case UInt8(ascii: "\""):
                guard let text = String(validating: plain, as: UTF8.self) else { throw malformed }
                return text
            case UInt8(ascii: "\\"):
                plain.append(contentsOf: try escape().utf8)
            case 0..<0x20:
                throw malformed
            default:
                plain.append(next)
            }
        }
        throw malformed
    }

    private mutating func escape() throws(Malformed) -> String {
        guard let kind = current else { throw malformed }
        at += 1
        switch kind {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicode()
        default: throw malformed
        }
    }

    private mutating func unicode() throws(Malformed) -> String {
        let unit = try hex()
        guard unit & 0xFC00 == 0xD800 else { return String(decoding: [unit], as: UTF16.self) }
        guard at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"), bytes[at + 1] == UInt8(ascii: "u") else {
            throw malformed
        }
        at += 2
        return String(decoding: [unit, try hex()], as: UTF16.self)
    }

    private mutating func hex() throws(Malformed) -> UInt16 {
        guard at + 4 <= bytes.count, let text = String(validating: bytes[at..<at + 4], as: UTF8.self),
            let unit = UInt16(text, radix: 16)
        else { throw malformed }
        at += 4
        return unit
    }
}

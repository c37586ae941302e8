/// Writes compact JSON into one growing array of bytes.
package struct JSONWriter {
    /// What was written so far.
    package private(set) var bytes: [UInt8]

    /// With room for `capacity` bytes.
    package init(capacity: Int = 1024) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Appends a value.
    package mutating func write(_ value: PlayedJSON) {
        switch value {
        case .null: raw("null")
        case .flag(let flag): raw(flag ? "true" : "false")
        case .integer(let number): write(number)
        case .number(let number): raw(number.isFinite ? "\(number)" : "null")
        case .text(let text): write(text)
        case .list(let elements):
            byte(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { byte(UInt8(ascii: ",")) }
                write(element)
            }
            byte(UInt8(ascii: "]"))
        case .object(let members):
            byte(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { byte(UInt8(ascii: ",")) }
                write(member.name)
                byte(UInt8(ascii: ":"))
                write(member.value)
            }
            byte(UInt8(ascii: "}"))
        }
    }

    /// Appends one byte as it is.
    package mutating func byte(_ byte: UInt8) { bytes.append(byte) }

    mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func write(_ number: Int) {
        if number >= 0, number < 10 {
            byte(UInt8(ascii: "0") + UInt8(number))
        } else {
            raw(String(number))
        }
    }

    mutating func write(_ text: String) {
        byte(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { source in
            var start = 0
            for index in source.indices {
                let current = source[index]
                guard current < 0x20 || current == UInt8(ascii: "\"") || current == UInt8(ascii: "\\") else { continue }
                bytes.append(contentsOf: source[start..<index])
                escape(current)
                start = index + 1
            }
            bytes.append(contentsOf: source[start...])
        }
        byte(UInt8(ascii: "\""))
    }

    private mutating func escape(_ control: UInt8) {
        switch control {
        case UInt8(ascii: "\""): raw("\\\"")
        case UInt8(ascii: "\\"): raw("\\\\")
        case UInt8(ascii: "\n"): raw("\\n")
        case UInt8(ascii: "\r"): raw("\\r")
        case UInt8(ascii: "\t"): raw("\\t")
        default:
            let digits = Array("0123456789abcdef".utf8)
            raw("\\u00")
            byte(digits[Int(control >> 4)])
            byte(digits[Int(control & 15)])
        }
    }
}

extension PlayedJSON {
    /// The value as compact JSON text in UTF-8.
    package var bytes: [UInt8] {
        var writer = JSONWriter()
        writer.write(self)
        return writer.bytes
    }

    /// The value as compact JSON text.
    package var compact: String { String(decoding: bytes, as: UTF8.self) }
}

extension String {
    /// The text escaped for HTML, both between tags and in quoted attributes. Escapes every special byte, whatever its
    /// neighbors are.
    package var escapedForHTML: String {
        var text = self
        return text.withUTF8 { bytes in
            var size = bytes.count
            for byte in bytes { size &+= Self.growth(of: byte) }
            guard size != bytes.count else { return nil as String? }
            return String(unsafeUninitializedCapacity: size) { Self.escape(bytes, into: $0) }
        } ?? self
    }

    @inline(__always)
    private static func growth(of byte: UInt8) -> Int {
        switch byte {
        case UInt8(ascii: "<"), UInt8(ascii: ">"): 3
        case UInt8(ascii: "&"), UInt8(ascii: "'"): 4
        case UInt8(ascii: "\""): 5
        default: 0
        }
    }

    /// - Returns: The number of bytes written.
    private static func escape(_ bytes: UnsafeBufferPointer<UInt8>, into result: UnsafeMutableBufferPointer<UInt8>)
        -> Int
    {
        var end = 0
        for byte in bytes {
            let entity: StaticString
            switch byte {
            case UInt8(ascii: "<"): entity = "&lt;"
            case UInt8(ascii: ">"): entity = "&gt;"
            case UInt8(ascii: "&"): entity = "&amp;"
            case UInt8(ascii: "'"): entity = "&#39;"
            case UInt8(ascii: "\""): entity = "&quot;"
            default:
                result[end] = byte
                end &+= 1
                continue
            }
            entity.withUTF8Buffer {
                for byte in $0 {
                    result[end] = byte
                    end &+= 1
                }
            }
        }
        return end
    }
}

/// The numbers and times of a JSON text, each of which can be exchanged: no system promises what it counts.
enum JSONNumbers {
    /// The text with one of them exchanged for a token; they are counted from 0, and from the start again after the last.
    static func exchanging(_ index: Int, for token: String, in text: [UInt8]) -> [UInt8] {
        let places = places(in: text)
        guard !places.isEmpty, index >= 0 else { return text }
        let place = places[index % places.count]
        return Array(text[..<place.lowerBound]) + Array(token.utf8) + Array(text[place.upperBound...])
    }

    /// Where they are: numbers outside of strings, and strings that begin as a time does, with their quotes.
    static func places(in text: [UInt8]) -> [Range<Int>] {
        var places: [Range<Int>] = []
        var at = 0
        while at < text.count {
            let start = at
            switch text[at] {
            case UInt8(ascii: "\""):
                at += 1
                while at < text.count, text[at] != UInt8(ascii: "\"") { at += text[at] == UInt8(ascii: "\\") ? 2 : 1 }
                at = min(at + 1, text.count)
                if isTime(text[start..<at]) { places.append(start..<at) }
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                while at < text.count, isOfNumber(text[at]) { at += 1 }
                places.append(start..<at)
            default:
                at += 1
            }
        }
        return places
    }

    private static func isOfNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }

    private static func isTime(_ string: ArraySlice<UInt8>) -> Bool {
        let shape = Array("\"dddd-dd-ddTdd:dd".utf8)
        guard string.count > shape.count else { return false }
        return zip(string, shape).allSatisfy { byte, wanted in
            wanted == UInt8(ascii: "d") ? (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) : byte == wanted
        }
    }
}

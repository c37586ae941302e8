/// A pattern as the database below ConnectWise reads it: `*` and `%` stand for any text, `[abc]` for one of these bytes;
/// so `[[]` is how `[` is written.
struct LikePattern: Sendable, Equatable {
    private enum Part: Sendable, Equatable {
        case any
        case one(Set<UInt8>)
    }

    private let parts: [Part]

    init(_ pattern: String) {
        let bytes = Array(pattern.utf8)
        var parts: [Part] = []
        var at = 0
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "*"), UInt8(ascii: "%"): parts.append(.any)
            case UInt8(ascii: "["):
                // A set that does not end matches nothing.
                let end = bytes[(at + 1)...].firstIndex(of: UInt8(ascii: "]")) ?? bytes.count
                parts.append(.one(end < bytes.count ? Set(bytes[(at + 1)..<end]) : []))
                at = end
            default: parts.append(.one([bytes[at]]))
            }
            at += 1
        }
        self.parts = parts
    }

    func matches(_ text: String) -> Bool {
        let text = Array(text.utf8)
        var partAt = 0
        var textAt = 0
        var lastAny: (part: Int, text: Int)?
        while textAt < text.count {
            if partAt < parts.count, parts[partAt] == .any {
                lastAny = (partAt, textAt)
                partAt += 1
            } else if partAt < parts.count, case .one(let set) = parts[partAt], set.contains(text[textAt]) {
                partAt += 1
                textAt += 1
            } else if let last = lastAny {
                lastAny = (last.part, last.text + 1)
                partAt = last.part + 1
                textAt = last.text + 1
            } else {
                return false
            }
        }
        return parts[partAt...].allSatisfy { $0 == .any }
    }
}

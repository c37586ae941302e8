import SimulatorStage

/// A parsed `conditions` text.
///
/// Grammar (the documented table, completed by what live instances were seen to accept):
/// ```
/// expr  := term { (AND|OR) term }        AND binds closer; parentheses group; keywords without case
/// term  := field op value | field [NOT] IN "(" list ")" | field [NOT] (CONTAINS|LIKE) string
/// field := name { "/" name }
/// value := string | number | True | False | "[" datetime "]" | null
/// string := "…" or '…', without any escape
/// ```
indirect enum Condition: Sendable, Equatable {
    case all([Condition])
    case any([Condition])
    case compare(String, Comparison, Literal)
    case among(String, [Literal], negated: Bool)
    case contains(String, String, negated: Bool)
    case like(String, String, negated: Bool)

    enum Comparison: String, Sendable {
        case equal = "="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
    }

    enum Literal: Sendable, Equatable {
        case text(String)
        case number(Double)
        case flag(Bool)
        case instant(Instant)
        case null
    }

    /// The fields that it names, as written.
    var fields: [String] {
        switch self {
        case .all(let parts), .any(let parts): parts.flatMap(\.fields)
        case .compare(let field, _, _), .among(let field, _, _), .contains(let field, _, _), .like(let field, _, _):
            [field]
        }
    }
}

/// Why a condition was refused; ConnectWise answers it with 400 and code `ApiFindCondition`.
struct ConditionRefusal: Error, Equatable {
    let message: String
}

/// Reads a `conditions` text.
struct ConditionReader {
    private enum Token: Equatable {
        case word(String)
        case text(String)
        case number(Double)
        case instant(Instant)
        case comparison(Condition.Comparison)
        case open
        case close
        case comma
    }

    /// Parentheses nest no deeper than this; keeps a hostile query from exhausting the stack.
    private static let deepest = 64

    private var tokens: [Token] = []
    private var at = 0

    static func read(_ text: String) throws(ConditionRefusal) -> Condition {
        var reader = ConditionReader()
        reader.tokens = try tokens(Array(text.utf8))
        let condition = try reader.expression(depth: 0)
        guard reader.at == reader.tokens.count else { throw reader.unexpected }
        return condition
    }

    // MARK: Terms

    private var unexpected: ConditionRefusal {
        guard at < tokens.count else { return ConditionRefusal(message: "Unexpected end of conditions.") }
        return ConditionRefusal(message: "Unexpected \(Self.describe(tokens[at])) in conditions.")
    }

    private static func describe(_ token: Token) -> String {
        switch token {
        case .word(let word): "'\(word)'"
        case .text(let text): "text '\(text)'"
        case .number(let number): "number \(number)"
        case .instant(let instant): "date [\(instant.text)]"
        case .comparison(let comparison): "operator \(comparison.rawValue)"
        case .open: "'('"
        case .close: "')'"
        case .comma: "','"
        }
    }

    private mutating func keyword(_ keyword: String) -> Bool {
        guard at < tokens.count, case .word(let word) = tokens[at], word.lowercased() == keyword else { return false }
        at += 1
        return true
    }

    private mutating func take(_ token: Token) -> Bool {
        guard at < tokens.count, tokens[at] == token else { return false }
        at += 1
        return true
    }

    private mutating func expression(depth: Int) throws(ConditionRefusal) -> Condition {
        guard depth < Self.deepest else { throw ConditionRefusal(message: "Conditions are nested too deeply.") }
        var alternatives = [try conjunction(depth: depth)]
        while keyword("or") { alternatives.append(try conjunction(depth: depth)) }
        return alternatives.count == 1 ? alternatives[0] : .any(alternatives)
    }

    private mutating func conjunction(depth: Int) throws(ConditionRefusal) -> Condition {
        var parts = [try term(depth: depth)]
        while keyword("and") { parts.append(try term(depth: depth)) }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private mutating func term(depth: Int) throws(ConditionRefusal) -> Condition {
        if take(.open) {
            let inner = try expression(depth: depth + 1)
            guard take(.close) else { throw unexpected }
            return inner
        }
        guard at < tokens.count, case .word(let field) = tokens[at] else { throw unexpected }
        at += 1
        let negated = keyword("not")
        if keyword("in") { return .among(field, try list(), negated: negated) }
        if keyword("contains") { return .contains(field, try text(), negated: negated) }
        if keyword("like") { return .like(field, try text(), negated: negated) }
        guard !negated, at < tokens.count, case .comparison(let comparison) = tokens[at] else { throw unexpected }
        at += 1
        return .compare(field, comparison, try literal())
    }

    private mutating func list() throws(ConditionRefusal) -> [Condition.Literal] {
        guard take(.open) else { throw unexpected }
        var values = [try literal()]
        while take(.comma) { values.append(try literal()) }
        guard take(.close) else { throw unexpected }
        return values
    }

    private mutating func text() throws(ConditionRefusal) -> String {
        guard at < tokens.count, case .text(let text) = tokens[at] else { throw unexpected }
        at += 1
        return text
    }

    private mutating func literal() throws(ConditionRefusal) -> Condition.Literal {
        guard at < tokens.count else { throw unexpected }
        let literal: Condition.Literal
        switch tokens[at] {
        case .text(let text): literal = .text(text)
        case .number(let number): literal = .number(number)
        case .instant(let instant): literal = .instant(instant)
        case .word(let word):
            switch word.lowercased() {
            case "true": literal = .flag(true)
            case "false": literal = .flag(false)
            case "null": literal = .null
            default: throw unexpected
            }
        case .comparison, .open, .close, .comma: throw unexpected
        }
        at += 1
        return literal
    }

    // MARK: Tokens

    private static func tokens(_ bytes: [UInt8]) throws(ConditionRefusal) -> [Token] {
        var tokens: [Token] = []
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: at += 1
            case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","):
                tokens.append(byte == UInt8(ascii: "(") ? .open : byte == UInt8(ascii: ")") ? .close : .comma)
                at += 1
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                tokens.append(.text(try delimited(bytes, &at, by: byte)))
            case UInt8(ascii: "["):
                let inside = try delimited(bytes, &at, by: UInt8(ascii: "]"))
                guard let instant = Instant(text: inside) else {
                    throw ConditionRefusal(message: "'\(inside)' is not a recognized date.")
                }
                tokens.append(.instant(instant))
            case UInt8(ascii: "="), UInt8(ascii: "!"), UInt8(ascii: "<"), UInt8(ascii: ">"):
                tokens.append(.comparison(try comparison(bytes, &at)))
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
                tokens.append(.number(try number(bytes, &at)))
            default:
                tokens.append(.word(try word(bytes, &at)))
            }
        }
        return tokens
    }

    private static func delimited(_ bytes: [UInt8], _ at: inout Int, by end: UInt8) throws(ConditionRefusal) -> String {
        let start = at + 1
        guard let close = bytes[start...].firstIndex(of: end) else {
            throw ConditionRefusal(message: "Unclosed \(Character(Unicode.Scalar(bytes[at]))) in conditions.")
        }
        at = close + 1
        return String(decoding: bytes[start..<close], as: UTF8.self)
    }

    private static func comparison(
        _ bytes: [UInt8], _ at: inout Int
    ) throws(ConditionRefusal) -> Condition.Comparison {
        for length in [2, 1] where at + length <= bytes.count {
            let text = String(decoding: bytes[at..<at + length], as: UTF8.self)
            if let comparison = Condition.Comparison(rawValue: text) {
                at += length
                return comparison
            }
        }
        throw ConditionRefusal(message: "'!' is not a recognized operator.")
    }

    private static func number(_ bytes: [UInt8], _ at: inout Int) throws(ConditionRefusal) -> Double {
        let start = at
        at += 1
        while at < bytes.count, isNameByte(bytes[at]) || bytes[at] == UInt8(ascii: ".") { at += 1 }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        guard let number = Double(text), number.isFinite else {
            throw ConditionRefusal(message: "'\(text)' is not a recognized number.")
        }
        return number
    }

    private static func word(_ bytes: [UInt8], _ at: inout Int) throws(ConditionRefusal) -> String {
        let start = at
        while at < bytes.count, isNameByte(bytes[at]) || bytes[at] == UInt8(ascii: "/") { at += 1 }
        guard at > start else {
            throw ConditionRefusal(message: "Unexpected '\(Character(Unicode.Scalar(bytes[at])))' in conditions.")
        }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

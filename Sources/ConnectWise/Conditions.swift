import BoundaryText
import Foundation

/// A filter for ConnectWise lists, built so that a person's text can never become syntax.
public struct Conditions: Sendable, Equatable {
    /// The expression as it goes into `conditions=`, not yet percent-encoded.
    public let text: String
    private let isGroup: Bool

    private init(_ text: String, isGroup: Bool = false) {
        self.text = text
        self.isGroup = isGroup
    }

    /// A field such as `board/id`. Only literals of the program make one.
    public struct Field: Sendable, ExpressibleByStringLiteral {
        fileprivate let name: String

        public init(stringLiteral name: StaticString) {
            self.name = "\(name)"
        }
    }

    /// How two values compare.
    public enum Comparison: String, Sendable {
        case equal = "="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
    }

    /// Compares with a number, such as an id.
    public static func compare(_ field: Field, _ comparison: Comparison, _ number: Int) -> Conditions {
        Conditions("\(field.name)\(comparison.rawValue)\(number)")
    }

    /// Compares with a time, in whole seconds.
    public static func compare(_ field: Field, _ comparison: Comparison, _ date: Date) -> Conditions {
        Conditions("\(field.name)\(comparison.rawValue)[\(ConnectWiseDate.format(date))]")
    }

    /// The flag has the value.
    public static func flag(_ field: Field, is value: Bool) -> Conditions {
        Conditions("\(field.name)=\(value ? "True" : "False")")
    }

    /// The field is exactly the text.
    public static func equal(_ field: Field, _ text: String) -> Conditions {
        guard let quoted = ConditionText(text).quoted else {
            return Conditions("\(field.name) like \(ConditionText(text).pattern())")
        }
        return Conditions("\(field.name)=\(quoted)")
    }

    /// The field contains the text. `*`, `%` and `_` in it also find other texts, since ConnectWise documents no way to
    /// write them: look at what comes back.
    public static func contains(_ field: Field, _ text: String) -> Conditions {
        guard let quoted = ConditionText(text).quotedLiterally else {
            return Conditions("\(field.name) like \(ConditionText(text).pattern(within: "*"))")
        }
        return Conditions("\(field.name) contains \(quoted)")
    }

    /// The field is one of the numbers; no numbers match nothing.
    public static func any(of numbers: some Collection<Int>, _ field: Field) -> Conditions {
        guard !numbers.isEmpty else { return nothing }
        return Conditions("\(field.name) in (\(numbers.map(String.init).joined(separator: ",")))")
    }

    /// The field is one of the texts; no texts match nothing.
    public static func any(of texts: some Collection<String>, _ field: Field) -> Conditions {
        let quoted = texts.compactMap { ConditionText($0).quoted }
        // `in` has no wildcards, so what cannot be quoted is compared by itself.
        let others = texts.filter { ConditionText($0).quoted == nil }.map { equal(field, $0) }
        let list = quoted.isEmpty ? [] : [Conditions("\(field.name) in (\(quoted.joined(separator: ",")))")]
        return (list + others).dropFirst().reduce((list + others).first ?? nothing) { $0 || $1 }
    }

    public static func && (left: Conditions, right: Conditions) -> Conditions {
        Conditions("\(left.grouped) AND \(right.grouped)", isGroup: true)
    }

    public static func || (left: Conditions, right: Conditions) -> Conditions {
        Conditions("\(left.grouped) OR \(right.grouped)", isGroup: true)
    }

    private static let nothing = Conditions("id=0")

    private var grouped: String { isGroup ? "(\(text))" : text }
}

import API
import ArgumentParser
import BoundaryText
import Foundation

/// One value that a person can give for a noun: as a filter, when creating, or when changing. The one description from
/// which the command line's option, its help and the member of the request come.
struct Field: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        case text
        case integer
        /// Several, with commas between them.
        case integers
        /// Several texts, with commas between them.
        case texts
        case choice([String])
        /// Something of the ticketing system by its id; the server knows how it is called.
        case reference
        /// A point in time; relative texts such as `2h` count into this direction.
        case instant(Instant.Direction)
        /// A credential. It should not stand in the shell's history: `-` reads it from standard input, and creating
        /// falls back to the environment variable.
        case secret(environment: String)
        /// An option without a value, which sets the member so.
        case sets(Bool)
        /// An option without a value, which takes the member's value away.
        case clears
    }

    /// The name in the API.
    let member: String
    /// The name on the command line, without dashes.
    let option: String
    let kind: Kind
    let help: String
    var isRequired = false
    /// What creating sends when the option is not given.
    var standard: String?

    /// Makes a field. Without `option` the option is named like the member, with dashes.
    init(_ member: String, option: String? = nil, _ kind: Kind = .text, help: String) {
        self.member = member
        self.option = option ?? member.replacing(bytes: "_", with: "-")
        self.kind = kind
        self.help = help
    }

    /// A field for a member of an operation's body.
    init(_ member: some CodingKey, option: String? = nil, _ kind: Kind = .text, help: String) {
        self.init(member.stringValue, option: option, kind, help: help)
    }

    /// A field for a parameter of an operation's query.
    init(filter: some QueryName, option: String? = nil, _ kind: Kind = .text, help: String) {
        self.init(filter.rawValue, option: option, kind, help: help)
    }

    /// The same field, which creating cannot do without.
    var required: Field { with { $0.isRequired = true } }

    /// The same field as it is offered where nothing has to be given.
    var optional: Field {
        with {
            $0.isRequired = false
            $0.standard = nil
        }
    }

    /// The same field with a value for when it is not given.
    func standard(_ value: String) -> Field { with { $0.standard = value } }

    private func with(_ change: (inout Field) -> Void) -> Field {
        var copy = self
        change(&copy)
        return copy
    }

    /// Two options for one switch: `--simulate` and `--no-simulate`, or names of their own.
    static func onOff(
        _ member: some CodingKey, on: String? = nil, off: String? = nil, onHelp: String, offHelp: String
    ) -> [Field] {
        onOff(member.stringValue, on: on, off: off, onHelp: onHelp, offHelp: offHelp)
    }

    /// Two options for one switch: `--simulate` and `--no-simulate`, or names of their own.
    static func onOff(
        _ member: String, on: String? = nil, off: String? = nil, onHelp: String, offHelp: String
    ) -> [Field] {
        let name = on ?? member.replacing(bytes: "_", with: "-")
        return [
            Field(member, option: name, .sets(true), help: onHelp),
            Field(member, option: off ?? "no-\(name)", .sets(false), help: offHelp),
        ]
    }
}

extension Field {
    /// Text from the command line as the member's value. Throws a message for people.
    func value(of text: String, now: Date) throws(InvalidValue) -> JSON {
        switch kind {
        case .text, .secret:
            return .string(text)
        case .integer:
            guard let number = Int(text) else { throw InvalidValue("a whole number is needed") }
            return .integer(number)
        case .integers:
            let numbers = text.splitBytes(on: ",").map { Int($0.trimmingCharacters(in: .whitespaces)) }
            let known = numbers.compactMap(\.self)
            guard known.count == numbers.count else {
                throw InvalidValue("whole numbers are needed, with commas between them")
            }
            return .array(known.map { .integer($0) })
        case .texts:
            return .array(text.splitBytes(on: ",").map { .string($0.trimmingCharacters(in: .whitespaces)) })
        case .choice(let choices):
            guard choices.contains(text) else {
                throw InvalidValue("choose one of: \(choices.joined(separator: ", "))")
            }
            return .string(text)
        case .reference:
            return .object(["id": .string(text), "name": .string(text)])
        case .instant(let direction):
            guard let instant = Instant.read(text, now: now, counting: direction) else {
                throw InvalidValue("a time is needed, such as \(direction.examples)")
            }
            return .string(instant)
        case .sets(let value):
            return .bool(value)
        case .clears:
            return .null
        }
    }

    /// Help for the option, with how to give the value.
    func help(creating: Bool) -> String {
        switch kind {
        case .text, .integer, .integers, .texts, .reference, .sets, .clears: return help + standardHelp
        case .choice(let choices): return "\(help) One of: \(choices.joined(separator: ", ")).\(standardHelp)"
        case .instant(let direction): return "\(help) Such as \(direction.examples).\(standardHelp)"
        case .secret(let environment):
            return creating
                ? "\(help) Give - to read it from standard input, or set \(environment)."
                : "\(help) Give - to read it from standard input."
        }
    }

    private var standardHelp: String { standard.map { " (default: \($0))" } ?? "" }
}

/// Why a text cannot be a field's value.
struct InvalidValue: Error, Equatable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

import API
import ArgumentParser
import BoundaryText
import Foundation
import WebSupport

/// One value that a person can give for a noun: as a filter, when creating, or when changing. The one description from
/// which the command line's option, its help and the member of the request come.
struct Field: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        case text
        case integer
        /// A thing by its id or name.
        case thing(Lookup)
        /// Several things, with commas between them.
        case things(Lookup)
        /// Several texts, with commas between them.
        case texts
        case choice([String])
        /// A thing that the API takes with its id and its name.
        case reference(Lookup)
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
    /// A value that means several others: a list is requested for each of them. For Ticketbot's scripts.
    var union: [String: [String]] = [:]

    /// Without `option` the option is named like the member, with dashes.
    private init(named member: String, option: String? = nil, _ kind: Kind = .text, help: String) {
        self.member = member
        self.option = option ?? member.replacing(bytes: "_", with: "-")
        self.kind = kind
        self.help = help
    }

    /// A field for a member of an operation's body.
    init(_ member: some CodingKey, option: String? = nil, _ kind: Kind = .text, help: String) {
        self.init(named: member.stringValue, option: option, kind, help: help)
    }

    /// A field for a parameter of an operation's query.
    init(filter: some QueryName, option: String? = nil, _ kind: Kind = .text, help: String) {
        self.init(named: filter.rawValue, option: option, kind, help: help)
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

    /// The same field with another value that means several others.
    func union(_ name: String, _ values: [String]) -> Field { with { $0.union[name] = values } }

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
        onOff(named: member.stringValue, on: on, off: off, onHelp: onHelp, offHelp: offHelp)
    }

    /// The same for a parameter of a query.
    static func onOff(
        filter: some QueryName, on: String? = nil, off: String? = nil, onHelp: String, offHelp: String
    ) -> [Field] {
        onOff(named: filter.rawValue, on: on, off: off, onHelp: onHelp, offHelp: offHelp)
    }

    private static func onOff(
        named member: String, on: String? = nil, off: String? = nil, onHelp: String, offHelp: String
    ) -> [Field] {
        let name = on ?? member.replacing(bytes: "_", with: "-")
        return [
            Field(named: member, option: name, .sets(true), help: onHelp),
            Field(named: member, option: off ?? "no-\(name)", .sets(false), help: offHelp),
        ]
    }
}

extension Field {
    /// Whether a text can be the member's value at all. Throws a message for people.
    func check(_ text: String) throws(InvalidValue) {
        switch kind {
        case .choice where union[text] != nil: return
        case .thing, .things: return
        case .reference:
            guard !text.trimmed.isEmpty else { throw InvalidValue("an id or a name is needed") }
        case .text, .integer, .texts, .choice, .instant, .secret, .sets, .clears:
            _ = try plainValue(of: text, now: .distantPast)
        }
    }

    /// Text from the command line as the member's value; names are looked up.
    func value(of text: String, now: Date, names: NameBook) async throws -> JSON {
        switch kind {
        // An empty one takes the thing away.
        case .thing(let lookup): return text.isEmpty ? "" : lookup.json(try await names.find(text, in: lookup).id)
        case .things(let lookup):
            var ids: [JSON] = []
            for one in text.splitBytes(on: ",") {
                ids.append(lookup.json(try await names.find(String(one).trimmed, in: lookup).id))
            }
            return .list(ids)
        case .reference(let lookup):
            let found = try await names.find(text, in: lookup)
            return ["id": .text(found.id), "name": .text(found.name ?? found.id)]
        case .text, .integer, .texts, .choice, .instant, .secret, .sets, .clears:
            return try plainValue(of: text, now: now)
        }
    }

    private func plainValue(of text: String, now: Date) throws(InvalidValue) -> JSON {
        switch kind {
        case .text, .secret, .thing, .things, .reference:
            return .text(text)
        case .integer:
            guard let number = Int64(text) else { throw InvalidValue("a whole number is needed") }
            return .integer(number)
        case .texts:
            return .list(text.splitBytes(on: ",").map { .text(String($0).trimmed) })
        case .choice(let choices):
            guard choices.contains(text) else {
                let nearest = Nearest.texts(to: text, among: choices, most: 1).map { " Did you mean '\($0)'?" }
                throw InvalidValue("choose one of: \(choices.joined(separator: ", ")).\(nearest.first ?? "")")
            }
            return .text(text)
        case .instant(let direction):
            guard let instant = Instant.read(text, now: now, counting: direction) else {
                throw InvalidValue("a time is needed, such as \(direction.examples)")
            }
            return .text(instant)
        case .sets(let value):
            return .flag(value)
        case .clears:
            return .null
        }
    }

    /// Help for the option, with how to give the value.
    func help(creating: Bool) -> String {
        switch kind {
        case .text, .integer, .texts, .thing, .things, .reference, .sets, .clears: return help + standardHelp
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

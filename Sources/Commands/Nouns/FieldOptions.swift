import ArgumentParser
import BoundaryText
import Foundation
import WebSupport

/// Something that has fields: one verb of one noun.
protocol FieldSource: Sendable {
    static var fields: [Field] { get }
    /// Whether this creates: then required fields are required options and secrets may come from the environment.
    static var isCreating: Bool { get }
}

/// The options of all fields of a source.
///
/// ArgumentParser finds options by reflection and fills them by decoding, normally from a struct with one wrapped
/// property per option. Here both are answered from the list of fields, so that a noun is described once, as data, and
/// its options cannot differ from what is sent.
struct FieldOptions<Source: FieldSource>: ParsableArguments {
    /// What was typed, by option; flags have an empty text.
    private(set) var given: [String: String] = [:]

    init() {}

    init(from decoder: any Decoder) throws {
        let options = try decoder.container(keyedBy: OptionName.self)
        for field in Source.fields {
            guard let name = OptionName(stringValue: field.option) else { continue }
            switch field.kind {
            case .sets, .clears:
                if try options.decode(Flag<Bool>.self, forKey: name).wrappedValue { given[field.option] = "" }
            case .text, .integer, .texts, .choice, .thing, .things, .reference, .instant, .secret:
                given[field.option] =
                    Self.mustBeGiven(field)
                    ? try options.decode(Option<String>.self, forKey: name).wrappedValue
                    : try options.decode(Option<String?>.self, forKey: name).wrappedValue
            }
        }
    }

    func validate() throws {
        let contradiction = Dictionary(grouping: Source.fields.filter { given[$0.option] != nil }, by: \.member)
            .values.first { $0.count > 1 }
        guard let contradiction else { return }
        throw ValidationError(
            contradiction.map { "--\($0.option)" }.joined(separator: " and ") + " contradict each other")
    }

    /// Secrets are never required of the command line: the environment may have them.
    private static func mustBeGiven(_ field: Field) -> Bool {
        guard Source.isCreating, field.isRequired else { return false }
        switch field.kind {
        case .secret: return false
        case .text, .integer, .texts, .choice, .thing, .things, .reference, .instant, .sets, .clears: return true
        }
    }
}

private struct OptionName: CodingKey {
    let stringValue: String
    let intValue: Int? = nil

    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension FieldOptions: CustomReflectable {
    var customMirror: Mirror {
        Mirror(self, children: Source.fields.map { (label: $0.option, value: Self.definition(of: $0)) })
    }

    private static func definition(of field: Field) -> Any {
        let name = NameSpecification.customLong(field.option)
        let help = ArgumentHelp(stringLiteral: field.help(creating: Source.isCreating))
        // Checked while parsing, so that a slip is a usage error that names the option.
        let checked: @Sendable (String) throws -> String = { text in
            try field.check(text)
            return text
        }
        switch field.kind {
        case .sets, .clears:
            return Flag<Bool>(wrappedValue: false, name: name, help: help)
        case .choice(let choices):
            return option(of: field, name: name, help: help, completion: .list(choices), checked: checked)
        case .text, .integer, .texts, .thing, .things, .reference, .instant, .secret:
            return option(of: field, name: name, help: help, completion: nil, checked: checked)
        }
    }

    private static func option(
        of field: Field, name: NameSpecification, help: ArgumentHelp, completion: CompletionKind?,
        checked: @escaping @Sendable (String) throws -> String
    ) -> Any {
        guard mustBeGiven(field) else {
            return Option<String?>(name: name, help: help, completion: completion, transform: checked)
        }
        return Option<String>(name: name, help: help, completion: completion, transform: checked)
    }
}

extension FieldOptions {
    /// The members to send. Looks names up, asks for secrets given as `-`; when creating, fills in the environment's secrets
    /// and the standard values. Throws ``Failure/usage(_:)`` when something needed is missing.
    func members(in surroundings: Surroundings, _ names: NameBook) async throws -> [String: JSON] {
        var members: [String: JSON] = [:]
        for field in Source.fields {
            guard let text = try text(for: field, in: surroundings) else { continue }
            do {
                members[field.member] = try await field.value(of: text, now: surroundings.now(), names: names)
            } catch let error as InvalidValue {
                throw Failure.usage("--\(field.option): \(error)")
            }
        }
        return members
    }

    /// The queries to ask, with the parameters in the order of the fields: one, or several where a value means several.
    func queries(in surroundings: Surroundings, _ names: NameBook) async throws -> [[APIRequest.Parameter]] {
        var queries: [[APIRequest.Parameter]] = [[]]
        for field in Source.fields {
            guard let typed = given[field.option] else { continue }
            var values: [String] = []
            for text in field.union[typed] ?? [typed] {
                let value = try await field.value(of: text, now: surroundings.now(), names: names)
                let shown = if case .flag(let flag) = value { "\(flag)" } else { value.plain }
                values.append(shown)
            }
            queries = queries.flatMap { query in
                values.map { query + [APIRequest.Parameter(name: field.member, value: $0)] }
            }
        }
        return queries
    }

    private func text(for field: Field, in surroundings: Surroundings) throws -> String? {
        let given = given[field.option]
        switch field.kind {
        case .secret(let environment):
            if given == "-" {
                guard let line = surroundings.readSecret("\(field.option): "), !line.isEmpty else {
                    throw Failure.usage("--\(field.option) -: nothing came from standard input")
                }
                return line
            }
            if let given { return given }
            guard Source.isCreating else { return nil }
            if let value = surroundings.environment[environment], !value.isEmpty { return value }
            guard field.isRequired else { return nil }
            throw Failure.usage("--\(field.option) is missing; give - to type it, or set \(environment)")
        case .text, .integer, .texts, .choice, .thing, .things, .reference, .instant, .sets, .clears:
            return given ?? (Source.isCreating ? field.standard : nil)
        }
    }
}

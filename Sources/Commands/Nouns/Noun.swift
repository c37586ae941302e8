import ArgumentParser
import BoundaryText
import HTTPTypes

/// A kind of thing that the API has many of, or one. What differs between nouns is data in ``Resource``; the verbs are
/// generic over the noun.
protocol Noun: Sendable {
    /// What names one of them on the command line.
    associatedtype Subject: SubjectArguments = Identified<Self>
    static var resource: Resource { get }
    /// The commands that only this noun has.
    static var more: [any ParsableCommand.Type] { get }
}

extension Noun {
    static var more: [any ParsableCommand.Type] { [] }
    /// How one is found by its name; nil where only ids are understood.
    static var lookup: Lookup? { resource.lookup }
}

/// Everything the command line knows of a noun. It has a verb for each operation that is named here.
struct Resource: Sendable {
    let singular: String
    let plural: String
    /// One of them in a sentence, where that differs from ``singular``.
    var title: String?
    /// Several of them in a sentence.
    var titles: String?
    /// One sentence for help texts: what one of these is.
    let about: String
    var list: Endpoint?
    var show: Endpoint?
    var create: Endpoint?
    var update: Endpoint?
    var delete: Endpoint?
    var test: Endpoint?
    /// The members that name one; none where only ids are understood.
    var naming: [Member] = []
    /// Whether the API takes an id as a number.
    var hasNumbers = true
    /// The parameter with which the list can be searched, where it is too long to be read whole.
    var search: Member?
    /// How one is named that is part of something else: a connection's settings by the connection.
    var part: Lookup?
    /// What a list shows.
    let columns: [Column]
    /// What the view of one shows besides the columns.
    var details: [Column] = []
    var sections: [Section] = []
    /// What a list can be narrowed with.
    var filters: [Field] = []
    /// What creating takes.
    var creation: [Field] = []
    /// What changing takes.
    var change: [Field] = []
    /// The verbs that switch one on and off.
    var switching: Switching?
    /// Whether the API takes it only as a whole, so that an update has to send again what it leaves as it is.
    var isReplaced = false
    /// A member that creating answers once and never again. A program asking quietly gets it instead of the id, because
    /// there would be no other chance.
    var onceOnly: Member?
    /// Whether deleting asks for the name, because much goes with it.
    var deletionAsksForName = false
    var sample = Sample()

    /// What examples are made of.
    struct Sample: Sendable {
        /// One of them.
        var subject = "7"
        /// Options of a list.
        var list: String?
        /// Options of creating.
        var create = ""
        /// Options of changing.
        var update = ""
    }

    /// A member that is switched.
    struct Switching: Sendable {
        let member: Member
        let on: String
        let off: String
        /// What they do, for the help.
        let onHelp: String
        let offHelp: String
        /// Whether switching off is asked about.
        var offIsAsked = false
    }

    /// The words of the singular for a sentence: `API key`, `rule`.
    var name: String { title ?? Self.words(singular) }
    /// The words of the plural for a sentence.
    var names: String { titles ?? Self.words(plural) }

    private static func words(_ text: String) -> String {
        text.splitBytes(on: "-")
            .map { ["psa", "api"].contains($0) ? $0.uppercased() : String($0) }
            .joined(separator: " ")
    }

    /// How one is found by its name.
    var lookup: Lookup? {
        if let part { return part }
        guard let list, !naming.isEmpty else { return nil }
        return Lookup(
            name: name, names: names, list: list, naming: naming, isNumber: hasNumbers, search: search)
    }

    /// How one is found by its name or id, for a field.
    var reference: Lookup {
        lookup
            ?? Lookup(name: name, names: names, list: list ?? Endpoint(.get, ""), naming: naming, isNumber: hasNumbers)
    }
}

extension Resource.Switching {
    /// `enable` and `disable`.
    static func enabling(
        _ member: some CodingKey, on: String, off: String, offIsAsked: Bool = false
    ) -> Resource.Switching {
        Resource.Switching(
            member: Member(member), on: "enable", off: "disable", onHelp: on, offHelp: off, offIsAsked: offIsAsked)
    }

    /// `activate` and `deactivate`.
    static func activating(_ member: some CodingKey, on: String, off: String) -> Resource.Switching {
        Resource.Switching(member: Member(member), on: "activate", off: "deactivate", onHelp: on, offHelp: off)
    }
}

/// The arguments that name one thing.
protocol SubjectArguments: ParsableArguments {
    /// What was typed; nil when there is only one.
    var typed: String? { get }
}

/// One of many, by its id or name.
struct Identified<N: Noun>: SubjectArguments {
    @Argument(
        help: ArgumentHelp(
            N.lookup == nil
                ? "The id, as lists show it." : "The id or the name of the \(N.lookup?.name ?? N.resource.name).",
            valueName: N.resource.part == nil ? N.resource.singular : "id"))
    var identifier: String

    var typed: String? { identifier }
}

/// The only one there is.
struct Only: SubjectArguments {
    var typed: String? { nil }
}

extension SubjectArguments {
    /// The thing that is meant; nil for the only one.
    func find(_ noun: (some Noun).Type, _ names: NameBook) async throws -> Named? {
        guard let typed else { return nil }
        return try await names.find(typed, in: noun.lookup)
    }
}

/// What a list of the noun can be narrowed with.
enum Filters<N: Noun>: FieldSource {
    static var fields: [Field] { N.resource.filters }
    static var isCreating: Bool { false }
}

/// What creating one takes.
enum Creation<N: Noun>: FieldSource {
    static var fields: [Field] { N.resource.creation }
    static var isCreating: Bool { true }
}

/// What changing one takes.
enum Change<N: Noun>: FieldSource {
    static var fields: [Field] { N.resource.change.map(\.optional) }
    static var isCreating: Bool { false }
}

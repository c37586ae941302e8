import ArgumentParser
import BoundaryText

/// A kind of thing that the API has many of, or one. What differs between nouns is data in ``Resource``; the verbs are
/// generic over the noun.
protocol Noun: Sendable {
    /// What names one of them on the command line.
    associatedtype Subject: SubjectArguments = Identified
    static var resource: Resource { get }
}

/// Everything the command line knows of a noun.
struct Resource: Sendable {
    let singular: String
    let plural: String
    /// The collection's path in the API.
    let path: String
    /// What follows one's id in its path, where it belongs to something else.
    var below = ""
    /// One sentence for help texts: what one of these is.
    let about: String
    /// What a list shows, most important first.
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
    /// Whether the API takes it only as a whole, so that changing means to send again what is left as it is.
    var isReplaced = false
    /// A member that creating answers once and never again. A program asking quietly gets it instead of the id, because
    /// there would be no other chance.
    var onceOnly: String?

    /// The words of the singular for a sentence: `API key`, `rule`.
    var name: String { Self.words(singular) }
    /// The words of the plural for a sentence.
    var names: String { Self.words(plural) }

    private static func words(_ text: String) -> String {
        text.splitBytes(on: "-")
            .map { ["psa", "api"].contains($0) ? $0.uppercased() : String($0) }
            .joined(separator: " ")
    }
}

/// The arguments that name one thing.
protocol SubjectArguments: ParsableArguments {
    /// Nil when there is only one.
    var id: String? { get }
}

/// One of many, by its id.
struct Identified: SubjectArguments {
    @Argument(help: ArgumentHelp("The id, as lists show it.", valueName: "id"))
    var identifier: String

    var id: String? { identifier }
}

/// The only one there is.
struct Only: SubjectArguments {
    var id: String? { nil }
}

extension Resource {
    /// The path of one, or of the only one.
    func path(of id: String?) -> String {
        id.map { "\(path)/\(Call.segment($0))\(below)" } ?? path
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

import API
import ArgumentParser
import BoundaryText
import WebSupport

/// How results are printed.
enum OutputFormat: String, EnumerableFlag, Sendable {
    case table
    case json
    case quiet

    static func name(for value: OutputFormat) -> NameSpecification {
        switch value {
        case .table, .json: .long
        case .quiet: [.long, .short]
        }
    }

    static func help(for value: OutputFormat) -> ArgumentHelp? {
        switch value {
        case .table: "Print for people."
        case .json: "Print the API's JSON."
        case .quiet: "Print ids only, one a line."
        }
    }
}

/// What a command comes to.
struct Outcome: Equatable, Sendable {
    /// For standard output.
    var content: Content
    /// The API's answer, where people are shown something else; programs get it as it came.
    var answer: JSON?
    /// For people, on standard error: what to do next.
    var notes: [String] = []
    /// Whether the answer is the one hoped for; otherwise the command fails after printing it.
    var isGood = true

    /// The lines for standard output. `style` is for people only.
    func lines(as format: OutputFormat, _ style: Style) throws -> [String] {
        if format == .json, let answer { return [try answer.pretty()] }
        return try content.lines(as: format, style)
    }
}

/// A result, before it is known how it is to be printed.
enum Content: Equatable, Sendable {
    /// Many things in columns, and where the next page starts.
    case list([JSON], columns: [Column], next: JSON)
    /// One thing, member by member; quietly the named member.
    case one(JSON, Layout)
    /// A file as it came.
    case file(String)
    /// Something happened that the API answers with nothing: a sentence, and the id for programs.
    case done(String, id: String?)

    /// How one thing is laid out: first these, then what else there is.
    struct Layout: Equatable, Sendable {
        var columns: [Column] = []
        var sections: [Section] = []
        /// The member that is printed quietly.
        var quiet: Member? = Member(Reference.CodingKeys.id)
        /// The section whose things' ids are printed quietly instead.
        var quietSection: Member?
    }

    /// The lines for standard output. `style` is for people only.
    func lines(as format: OutputFormat, _ style: Style) throws -> [String] {
        switch format {
        case .table: table(style)
        case .json: try json.map { [try $0.pretty()] } ?? []
        case .quiet: quiet
        }
    }

    private func table(_ style: Style) -> [String] {
        switch self {
        case .list(let things, let columns, _):
            things.isEmpty ? [] : Table(things, columns: columns, style).lines()
        case .one(let thing, let layout): layout.lines(of: thing, style)
        case .file(let text): [text]
        case .done(let sentence, _): [sentence.printable]
        }
    }

    private var json: JSON? {
        switch self {
        case .list(let things, _, let next): .object(["items": .list(things), "next_cursor": next])
        case .one(let thing, _): thing
        case .file, .done: nil
        }
    }

    private static func quiet(_ value: JSON) -> String? { value.isNull ? nil : value.plain.printable }

    private var quiet: [String] {
        switch self {
        case .list(let things, _, _): things.compactMap { Self.quiet($0[Reference.CodingKeys.id]) }
        case .one(let thing, let layout):
            if let section = layout.quietSection {
                thing[section].elements.compactMap { Self.quiet($0[Reference.CodingKeys.id]) }
            } else {
                layout.quiet.flatMap { Self.quiet(thing[$0]) }.map { [$0] } ?? []
            }
        case .file(let text): [text]
        case .done(_, let id): id.map { [$0] } ?? []
        }
    }
}

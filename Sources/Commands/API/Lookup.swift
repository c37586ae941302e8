import API
import BoundaryText
import WebSupport

/// How things of one kind are found by their names.
struct Lookup: Equatable, Sendable {
    /// What one is called in a sentence.
    var name: String
    var names: String
    var list: Endpoint
    /// The values for the `{…}` of the list's path.
    var places: [String] = []
    /// The members of an item that name it.
    var naming: [Member]
    /// The member that is its id.
    var id = Member(Reference.CodingKeys.id)
    /// Whether the API takes its id as a number.
    var isNumber = true
    /// The parameter with which the list can be searched, where it is too long to be read whole.
    var search: Member?
    /// The member of the answer that has the items, where it is no list.
    var items: Member?

    /// An id as the API takes it.
    func json(_ id: String) -> JSON { isNumber ? Int64(id).map { .integer($0) } ?? .text(id) : .text(id) }

    /// Whether a text is an id, so that nothing has to be looked up.
    static func isID(_ text: String) -> Bool { !text.isEmpty && text.utf8.allSatisfy(\.isDigit) }
}

/// Something that was named on the command line.
struct Named: Equatable, Sendable {
    let id: String
    /// Nil when an id was given.
    let name: String?
}

/// Finds what people call by name.
struct NameBook: Sendable {
    /// The items of a list that may have this name.
    let items: @Sendable (_ name: String, _ lookup: Lookup) async throws -> [JSON]

    /// What is meant: an id as it is, a name by looking it up.
    /// - Throws: ``Failure/usage(_:)`` when nothing or more than one thing has the name.
    func find(_ text: String, in lookup: Lookup?) async throws -> Named {
        guard let lookup, !Lookup.isID(text) else { return Named(id: text, name: nil) }
        let entries = try await items(text, lookup).flatMap { item -> [(id: String, name: String)] in
            guard !item[lookup.id].isNull else { return [] }
            return lookup.naming.compactMap { item[$0].string }.map { (item[lookup.id].plain, $0) }
        }
        let wanted = text.trimmed.lowercased()
        var found: [(id: String, name: String)] = []
        for entry in entries where entry.name.lowercased() == wanted && !found.contains(where: { $0.id == entry.id }) {
            found.append(entry)
        }
        if let only = found.first, found.count == 1 { return Named(id: only.id, name: only.name) }
        if found.isEmpty {
            // An id of another kind than digits is one of the list.
            if let entry = entries.first(where: { $0.id == text }) { return Named(id: entry.id, name: entry.name) }
            let nearest = Nearest.texts(to: text, among: entries.map(\.name))
            let ids = nearest.map { name in "'\(name)' (\(entries.first { $0.name == name }?.id ?? ""))" }
            let hint = ids.isEmpty ? "" : " Did you mean \(Nearest.sentence(ids))?"
            throw Failure.usage("No \(lookup.name) is named '\(text)'.\(hint)")
        }
        let ids = found.map(\.id).joined(separator: ", ")
        throw Failure.usage("Several \(lookup.names) are named '\(text)': \(ids). Give the id of the one you mean.")
    }
}

extension APIClient {
    /// Looks names up on the server.
    var names: NameBook {
        NameBook { [self] name, lookup in
            if let items = lookup.items { return try await thing(lookup.list(lookup.places))[items].elements }
            return try await pages(of: lookup.names, upTo: nil) { limit, cursor in
                var query = [APIRequest.Parameter(name: "limit", value: "\(min(limit, Self.largestPage))")]
                if let search = lookup.search { query.append(.init(name: search.name, value: name)) }
                if let cursor { query.append(.init(name: "cursor", value: cursor)) }
                return lookup.list(lookup.places, query: query)
            }.items
        }
    }
}

import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay NOUN list`: follows the API's pages up to a limit.
struct ListNoun<N: Noun>: ClientCommand {
    static var configuration: CommandConfiguration {
        let resource = N.resource
        return CommandConfiguration(
            "list", "List \(resource.names).", more: resource.list?.needs ?? "",
            examples: [
                resource.example("list"), resource.sample.list.map { resource.example("list", $0) },
            ].compactMap(\.self))
    }

    @OptionGroup var list: ListOptions<N>

    var client: ClientOptions { list.client }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        try await list.perform(with: client, in: surroundings)
    }
}

/// How much of a list to show.
struct Amount: ParsableArguments {
    @Option(help: "How many to show.")
    var limit = 50

    @Flag(help: "Show all.")
    var all = false

    /// Nil for all.
    var most: Int? { all ? nil : limit }

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit is a number above 0") }
    }
}

/// What every list understands, and how it is read. No command, because its name would stand in the usage of those that
/// include it.
struct ListOptions<N: Noun>: ParsableArguments {
    @OptionGroup(title: "Filters") var filters: FieldOptions<Filters<N>>
    @OptionGroup var amount: Amount
    @OptionGroup var client: ClientOptions

    /// The request for one page of at most so many.
    static func request(
        _ query: [APIRequest.Parameter], limit: Int, cursor: String?, from endpoint: Endpoint? = N.resource.list
    ) -> APIRequest {
        var query = query
        query.append(APIRequest.Parameter(name: "limit", value: "\(min(limit, APIClient.largestPage))"))
        if let cursor { query.append(APIRequest.Parameter(name: "cursor", value: cursor)) }
        return (endpoint ?? Endpoint(.get, ""))(query: query)
    }

    func perform(
        with client: APIClient, in surroundings: Surroundings, from endpoint: Endpoint? = N.resource.list
    ) async throws -> Outcome {
        // Once for all pages: relative times must not move between them, or the cursor would not match the filter.
        let queries = try await filters.queries(in: surroundings, client.names)
        var items: [JSON] = []
        var next: String?
        for query in queries where amount.all || items.count < amount.limit {
            let page = try await client.pages(of: N.resource.names, upTo: amount.most.map { $0 - items.count }) {
                Self.request(query, limit: $0, cursor: $1, from: endpoint)
            }
            items += page.items
            next = page.next ?? next
        }
        return outcome(items, next: next, isOneList: queries.count == 1)
    }

    private func outcome(_ things: [JSON], next: String?, isOneList: Bool) -> Outcome {
        var notes: [String] = []
        if things.isEmpty { notes.append("No \(N.resource.names).") }
        if next != nil { notes.append(APIClient.thereAreMore) }
        // A cursor goes on in one list only.
        let cursor: JSON = isOneList ? next.map { .text($0) } ?? .null : .null
        return Outcome(content: .list(things, columns: N.resource.columns, next: cursor), notes: notes)
    }
}

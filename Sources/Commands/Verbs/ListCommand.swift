import ArgumentParser
import BoundaryText

/// `patchbay list`.
struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show many of a kind.",
        subcommands: [
            ListNoun<Rules>.self, ListNoun<Forwards>.self, ListNoun<Deliveries>.self, ListNoun<Recipients>.self,
            ListNoun<Boards>.self,
            ListNoun<Members>.self, ListNoun<PSAConnections>.self, ListNoun<ChatConnections>.self,
            ListNoun<APIKeys>.self, ListNoun<Users>.self, ListNoun<Organizations>.self, ListNoun<FeatureFlags>.self,
            ListNoun<AuditEntries>.self, ListNoun<IdentityProviders>.self, ListNoun<Tenants>.self, ListNoun<Posts>.self,
            ListNoun<MemberMappings>.self, ListNoun<PSAMembers>.self, ListNoun<PSACompanies>.self,
            ListNoun<WorkRoles>.self, ListNoun<WorkTypes>.self,
        ])
}

/// `patchbay list` with a noun: follows the API's pages up to a limit.
struct ListNoun<N: Noun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: N.resource.plural, abstract: "List \(N.resource.names).", discussion: N.resource.about,
            aliases: [N.resource.singular])
    }

    @OptionGroup var list: ListOptions<N>

    var client: ClientOptions { list.client }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        try await list.perform(with: client, in: surroundings)
    }
}

/// What every list understands, and how it is read. No command, because its name would stand in the usage of those that
/// include it.
struct ListOptions<N: Noun>: ParsableArguments {
    @OptionGroup(title: "Filters") var filters: FieldOptions<Filters<N>>

    @Option(help: "How many to show.")
    var limit = 50

    @Flag(help: "Show all there are.")
    var all = false

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit is a number above 0") }
    }

    /// The call for one page of at most so many.
    func call(limit: Int, cursor: String?, in surroundings: Surroundings) throws -> Call {
        var query = try filters.parameters(in: surroundings)
        query.append(Call.Parameter(name: "limit", value: "\(min(limit, APIClient.largestPage))"))
        if let cursor { query.append(Call.Parameter(name: "cursor", value: cursor)) }
        return Call(method: .get, path: N.resource.path, query: query)
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        // Once for all pages: relative times must not move between them, or the cursor would not fit the filter.
        let began = surroundings.now()
        var still = surroundings
        still.now = { began }
        let fixed = still
        let (things, next) = try await client.pages(of: N.resource.names, upTo: all ? nil : limit) { number, cursor in
            try call(limit: number, cursor: cursor, in: fixed)
        }
        return outcome(things, next: next)
    }

    private func outcome(_ things: [JSON], next: String?) -> Outcome {
        var notes: [String] = []
        if things.isEmpty { notes.append("No \(N.resource.names).") }
        if next != nil { notes.append(APIClient.thereAreMore) }
        return Outcome(
            content: .list(things, columns: N.resource.columns, next: next.map { .string($0) } ?? .null), notes: notes)
    }
}

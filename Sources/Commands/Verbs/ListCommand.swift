import ArgumentParser

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
        ])
}

/// `patchbay list` with a noun: follows the API's pages up to a limit.
struct ListNoun<N: Noun>: ClientCommand {
    /// What the API gives at most in one page.
    static var largestPage: Int { 200 }

    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: N.resource.plural, abstract: "List \(N.resource.names).", discussion: N.resource.about,
            aliases: [N.resource.singular])
    }

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
        query.append(Call.Parameter(name: "limit", value: "\(min(limit, Self.largestPage))"))
        if let cursor { query.append(Call.Parameter(name: "cursor", value: cursor)) }
        return Call(method: .get, path: N.resource.path, query: query)
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let wanted = all ? Int.max : limit
        // Once for all pages: relative times must not move between them, or the cursor would not fit the filter.
        let began = surroundings.now()
        var still = surroundings
        still.now = { began }
        var things: [JSON] = []
        var cursor: String?
        repeat {
            let call = try call(limit: wanted - things.count, cursor: cursor, in: still)
            guard let page = try await client.send(call).body, let items = page["items"]?.elements else {
                throw Failure.notPatchbay("\(client.address.url(of: call)) did not answer with a list.")
            }
            things += items
            let next = page["next_cursor"]?.text
            guard next == nil || next != cursor else {
                throw Failure.notPatchbay("The server repeats a page of \(N.resource.names) without end.")
            }
            cursor = next
        } while cursor != nil && things.count < wanted
        return outcome(things, next: cursor)
    }

    private func outcome(_ things: [JSON], next: String?) -> Outcome {
        var notes: [String] = []
        if things.isEmpty { notes.append("No \(N.resource.names).") }
        if next != nil { notes.append("There are more; show them with --all or a greater --limit.") }
        return Outcome(
            content: .list(things, columns: N.resource.columns, next: next.map { .string($0) } ?? .null), notes: notes)
    }
}

import ArgumentParser
import BoundaryText

/// `patchbay get`.
struct GetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Show one, with everything about it.",
        subcommands: [
            GetNoun<Rules>.self, GetNoun<Forwards>.self, GetNoun<Deliveries>.self, GetNoun<Recipients>.self,
            GetNoun<Boards>.self,
            GetNoun<PSAConnections>.self, GetNoun<ChatConnections>.self, GetNoun<Config>.self, GetNoun<Users>.self,
            GetNoun<Organizations>.self, GetNoun<IdentityProviders>.self, GetNoun<Tenants>.self, GetNoun<Posts>.self,
            GetNoun<UserLimits>.self, GetNoun<WriteDefaults>.self,
        ])
}

/// `patchbay get` with a noun.
struct GetNoun<N: Noun>: ClientCommand {
    static var configuration: CommandConfiguration {
        N.resource.configuration("Show one \(N.resource.name).", only: "Show the \(N.resource.name).")
    }

    @OptionGroup var subject: N.Subject
    @OptionGroup var client: ClientOptions

    var call: Call { Call(method: .get, path: N.resource.path(of: subject.id)) }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        Outcome(content: .one(try await client.thing(call), Content.Layout(N.resource)))
    }
}

import ArgumentParser
import BoundaryText

/// `patchbay delete`.
struct DeleteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Remove one for good.",
        subcommands: [
            DeleteNoun<Rules>.self, DeleteNoun<Forwards>.self, DeleteNoun<PSAConnections>.self,
            DeleteNoun<ChatConnections>.self,
            DeleteNoun<APIKeys>.self, DeleteNoun<Users>.self, DeleteNoun<IdentityProviders>.self,
            DeleteNoun<Tenants>.self,
        ])
}

/// `patchbay delete` with a noun.
struct DeleteNoun<N: Noun>: ClientCommand {
    static var configuration: CommandConfiguration {
        N.resource.configuration("Delete one \(N.resource.name).")
    }

    @OptionGroup var subject: Identified
    @OptionGroup var client: ClientOptions

    var call: Call { Call(method: .delete, path: N.resource.path(of: subject.identifier)) }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        _ = try await client.send(call)
        return Outcome(content: .done("Deleted \(N.resource.name) \(subject.identifier).", id: subject.identifier))
    }
}

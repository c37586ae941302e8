import ArgumentParser
import BoundaryText

/// `patchbay create`.
struct CreateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a new one.",
        subcommands: [
            CreateNoun<Rules>.self, CreateNoun<Forwards>.self, CreateNoun<Recipients>.self,
            CreateNoun<PSAConnections>.self,
            CreateNoun<ChatConnections>.self, CreateNoun<APIKeys>.self, CreateNoun<Users>.self,
            CreateNoun<Organizations>.self, CreateNoun<IdentityProviders>.self, CreateNoun<Tenants>.self,
        ])
}

/// `patchbay create` with a noun: sends the fields that were given.
struct CreateNoun<N: Noun>: ClientCommand {
    static var configuration: CommandConfiguration {
        N.resource.configuration("Create \(N.resource.article) \(N.resource.name).")
    }

    @OptionGroup(title: "Fields") var fields: FieldOptions<Creation<N>>
    @OptionGroup var client: ClientOptions

    func call(in surroundings: Surroundings) throws -> Call {
        Call(method: .post, path: N.resource.path, body: .object(try fields.members(in: surroundings)))
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        var layout = Content.Layout(N.resource)
        var notes: [String] = []
        if let onceOnly = N.resource.onceOnly {
            layout.quiet = onceOnly
            notes.append("Keep the \(onceOnly) now: it is never shown again.")
        }
        return Outcome(content: .one(try await client.thing(call(in: surroundings)), layout), notes: notes)
    }
}

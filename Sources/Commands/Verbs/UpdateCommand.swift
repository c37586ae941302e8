import ArgumentParser

/// `patchbay update`.
struct UpdateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Change one.",
        subcommands: [
            UpdateNoun<Rules>.self, UpdateNoun<Forwards>.self, UpdateNoun<PSAConnections>.self,
            UpdateNoun<ChatConnections>.self,
            UpdateNoun<Config>.self, UpdateNoun<Users>.self, UpdateNoun<FeatureFlags>.self,
            UpdateNoun<IdentityProviders>.self, UpdateNoun<Tenants>.self,
        ])
}

/// `patchbay update` with a noun: sends the fields that were given and leaves the others alone.
struct UpdateNoun<N: Noun>: ClientCommand {
    static var configuration: CommandConfiguration {
        N.resource.configuration("Change one \(N.resource.name).", only: "Change the \(N.resource.name).")
    }

    @OptionGroup var subject: N.Subject
    @OptionGroup(title: "Fields") var fields: FieldOptions<Change<N>>
    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard !fields.given.isEmpty else { throw ValidationError("Nothing to change: give at least one field") }
    }

    func call(in surroundings: Surroundings) throws -> Call {
        Call(
            method: .patch, path: N.resource.path(of: subject.id), body: .object(try fields.members(in: surroundings)))
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        Outcome(content: .one(try await client.thing(call(in: surroundings)), Content.Layout(N.resource)))
    }
}

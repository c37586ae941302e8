import ArgumentParser
import BoundaryText

/// `patchbay update`.
struct UpdateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Change one.",
        subcommands: [
            UpdateNoun<Rules>.self, UpdateNoun<Forwards>.self, UpdateNoun<PSAConnections>.self,
            UpdateNoun<ChatConnections>.self,
            UpdateNoun<Config>.self, UpdateNoun<Users>.self, UpdateNoun<FeatureFlags>.self,
            UpdateNoun<IdentityProviders>.self, UpdateNoun<Tenants>.self, UpdateNoun<UserLimits>.self,
            UpdateNoun<WriteDefaults>.self,
        ])
}

/// `patchbay update` with a noun: sends the fields that were given and leaves the others as they are.
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

    /// - Parameter present: what there is, for what is replaced as a whole.
    func call(replacing present: JSON? = nil, in surroundings: Surroundings) throws -> Call {
        let given = try fields.members(in: surroundings)
        return Call(
            method: N.resource.isReplaced ? .put : .patch, path: N.resource.path(of: subject.id),
            body: .object((present?.members ?? [:]).merging(given) { $1 }))
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        var present: JSON?
        if N.resource.isReplaced {
            present = try await client.thing(Call(method: .get, path: N.resource.path(of: subject.id)))
        }
        let call = try call(replacing: present, in: surroundings)
        return Outcome(content: .one(try await client.thing(call), Content.Layout(N.resource)))
    }
}

import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay NOUN create`: sends the fields that were given.
struct CreateNoun<N: Noun>: ClientCommand {
    static var configuration: CommandConfiguration {
        let resource = N.resource
        return CommandConfiguration(
            "create", "Create \(resource.article) \(resource.name).", more: resource.create?.needs ?? "",
            examples: [resource.example("create", resource.sample.create)])
    }

    @OptionGroup(title: "Fields") var fields: FieldOptions<Creation<N>>
    @OptionGroup var client: ClientOptions

    func request(in surroundings: Surroundings, _ names: NameBook) async throws -> APIRequest {
        (N.resource.create ?? Endpoint(.post, ""))(body: .object(try await fields.members(in: surroundings, names)))
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        var layout = Content.Layout(N.resource)
        var notes: [String] = []
        if let onceOnly = N.resource.onceOnly {
            layout.quiet = onceOnly
            notes.append("Store the \(onceOnly.name) now: it is never shown again.")
        }
        let request = try await request(in: surroundings, client.names)
        return Outcome(content: .one(try await client.thing(request), layout), notes: notes)
    }
}

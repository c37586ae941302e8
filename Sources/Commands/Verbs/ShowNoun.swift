import ArgumentParser
import BoundaryText
import HTTPTypes

/// `patchbay NOUN show`.
struct ShowNoun<N: Noun>: ClientCommand {
    static var configuration: CommandConfiguration {
        let resource = N.resource
        let isOnly = resource.subject(of: N.self) == nil
        return CommandConfiguration(
            "show", isOnly ? "Show the \(resource.name)." : "Show \(resource.article) \(resource.name).",
            more: resource.show?.needs ?? "", examples: [resource.example("show", resource.subject(of: N.self))],
            aliases: [])
    }

    @OptionGroup var subject: N.Subject
    @OptionGroup var client: ClientOptions

    func request(_ names: NameBook) async throws -> APIRequest {
        let named = try await subject.find(N.self, names)
        return (N.resource.show ?? Endpoint(.get, ""))([named?.id].compactMap(\.self))
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        Outcome(content: .one(try await client.thing(request(client.names)), Content.Layout(N.resource)))
    }
}

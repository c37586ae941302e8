import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay NOUN test`: the server signs in to the other system and reports the result.
struct TestNoun<N: Noun>: ClientCommand {
    static var configuration: CommandConfiguration {
        let resource = N.resource
        return CommandConfiguration(
            "test", "Test \(resource.article) \(resource.name).",
            more: ["Exit code 1 when it does not work.", resource.test?.needs].compactMap(\.self)
                .joined(separator: " "), examples: [resource.example("test", resource.subject(of: N.self))])
    }

    @OptionGroup var subject: N.Subject
    @OptionGroup var client: ClientOptions

    func request(_ names: NameBook) async throws -> APIRequest {
        (N.resource.test ?? Endpoint(.post, ""))([try await subject.find(N.self, names)?.id].compactMap(\.self))
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        guard let thing = try await client.send(request(client.names)).body else {
            return Outcome(content: .done("The \(N.resource.name) works.", id: subject.typed))
        }
        let failed =
            thing[API.IdentityProviders.Test.CodingKeys.ok] == .flag(false)
            || (thing[API.ChatConnections.Answer.CodingKeys.state].string.map { $0 != "ok" } ?? false)
        return Outcome(content: .one(thing, Content.Layout(N.resource)), isGood: !failed)
    }
}

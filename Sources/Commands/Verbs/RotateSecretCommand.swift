import ArgumentParser
import BoundaryText

/// `patchbay rotate-secret`.
struct RotateSecretCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate-secret", abstract: "Give a webhook a new secret; for a day the old one signs as well.",
        discussion: "The new secret is printed once and never again. Name the chat connection by its id.")

    @OptionGroup var subject: Identified
    @OptionGroup var client: ClientOptions

    var call: Call {
        Call(method: .post, path: ChatConnections.resource.path(of: subject.identifier) + "/rotate-secret")
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let layout = Content.Layout(columns: [.id, Column("name"), Column("secret")], quiet: "secret")
        return Outcome(content: .one(try await client.thing(call), layout))
    }
}

import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay chat-connection rotate-secret`.
struct RotateSecretCommand: ClientCommand {
    private typealias Answer = API.ChatConnections.Answer.CodingKeys

    static let configuration = CommandConfiguration(
        "rotate-secret", "Rotate a webhook's secret; the old one also signs for another day.",
        more: "The new secret is printed once and never again.", examples: ["chat-connection rotate-secret Wallboard"])

    @OptionGroup var subject: Identified<ChatConnections>
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let id = try await client.names.find(subject.identifier, in: ChatConnections.lookup).id
        let rotate = Endpoint(API.ChatConnections.rotateSecret)
        let layout = Content.Layout(
            columns: [.id, Column(Answer.name), Column(Answer.secret)], quiet: Member(Answer.secret))
        return Outcome(content: .one(try await client.thing(rotate([id])), layout))
    }
}

import API
import ArgumentParser
import BoundaryText
import HTTPTypes

/// `patchbay authcheck`.
struct AuthCheck: ClientCommand {
    static let configuration = CommandConfiguration(
        "authcheck", "Show who the API key belongs to and what it may do.",
        more: "Exit code 1 when the key in PATCHBAY_API_KEY is not accepted.", examples: ["authcheck"])

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let answer = try await client.thing(Endpoint(API.Me.show)())
        return Outcome(content: .one(answer, Content.Layout(quiet: nil)))
    }
}

import ArgumentParser
import BoundaryText

/// `patchbay authcheck`.
struct AuthCheck: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "authcheck", abstract: "Say who the API key belongs to and what it may do.",
        discussion: "Exit code 1 when the key in PATCHBAY_API_KEY is not accepted.")

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let answer = try await client.thing(Call(method: .get, path: "/api/v1/me"))
        return Outcome(content: .one(answer, Content.Layout(quiet: nil)))
    }
}

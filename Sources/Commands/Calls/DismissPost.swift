import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay post dismiss`.
struct DismissPost: ClientCommand {
    static let configuration = CommandConfiguration(
        "dismiss", "Dismiss what failed of a request, or cancel what waits; both can be retried.",
        examples: ["post dismiss 17"])

    @OptionGroup var subject: Identified<Posts>
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let answer = try await client.thing(Endpoint(API.Posts.dismiss)([subject.identifier]))
        return Outcome(content: .one(answer, Content.Layout(Posts.resource)))
    }
}

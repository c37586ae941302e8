import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay delivery show`.
struct ShowDelivery: ClientCommand {
    static let configuration = CommandConfiguration(
        "show", "Show a delivery, or its message.", examples: ["delivery show 1042", "delivery show 1042 --message"])

    @OptionGroup var subject: Identified<Deliveries>
    @Flag(help: "Show the message instead, in Markdown.")
    var message = false

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        guard message else {
            let answer = try await client.thing(Endpoint(API.Deliveries.show)([subject.identifier]))
            return Outcome(content: .one(answer, Content.Layout(Deliveries.resource)))
        }
        let answer = try await client.thing(Endpoint(API.Deliveries.message)([subject.identifier]))
        return Outcome(content: .one(answer, Content.Layout(quiet: nil)))
    }
}

import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay event explain`.
struct ExplainEvent: ClientCommand {
    static let configuration = CommandConfiguration(
        "explain", "Explain why a recipient was or wasn't notified of an event.",
        examples: ["event explain 10248 77 --recipient \"Dispatch\""])

    @Argument(help: "The ticket's number.")
    var ticket: String
    @Argument(help: "The event, by the id that event list shows.")
    var event: String
    @Option(help: "The recipient, by its id or name.")
    var recipient: String

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let found = try await client.names.find(recipient, in: Recipients.lookup)
        let request = Endpoint(API.Events.explain)(
            [ticket, event], query: [.init(name: "recipient_id", value: found.id)])
        return Outcome(content: .one(try await client.thing(request), Explanations.layout))
    }
}

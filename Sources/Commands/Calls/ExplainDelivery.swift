import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay delivery explain`.
struct ExplainDelivery: ClientCommand {
    static let configuration = CommandConfiguration(
        "explain", "Explain why a delivery exists and what happened to it.", examples: ["delivery explain 1042"])

    @OptionGroup var subject: Identified<Deliveries>
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let request = Endpoint(API.Deliveries.explain)([subject.identifier])
        return Outcome(content: .one(try await client.thing(request), Explanations.layout))
    }
}

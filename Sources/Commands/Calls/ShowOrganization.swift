import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay organization show`.
struct ShowOrganization: ClientCommand {
    static let configuration = CommandConfiguration(
        "show", "Show your organization, or another one.",
        examples: ["organization show", "organization show \"Rivermark IT\""])

    @OptionGroup var subject: OneOrYours
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let found = try await subject.find(Organizations.self, client.names)
        let request = found.map { Endpoint(API.Organizations.show)([$0.id]) } ?? Endpoint(API.Organizations.showOwn)()
        return Outcome(content: .one(try await client.thing(request), Content.Layout(Organizations.resource)))
    }
}

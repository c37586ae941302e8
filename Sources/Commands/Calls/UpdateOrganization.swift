import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay organization update`.
struct UpdateOrganization: ClientCommand {
    static let configuration = CommandConfiguration(
        "update", "Update your organization.", more: "Fields that are not given stay unchanged.",
        examples: ["organization update --require-second-factor"])

    @OptionGroup(title: "Fields") var fields: FieldOptions<Change<Organizations>>
    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard !fields.given.isEmpty else { throw ValidationError("Nothing to update: give at least one field") }
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let members = try await fields.members(in: surroundings, client.names)
        let answer = try await client.thing(Endpoint(API.Organizations.updateOwn)(body: .object(members)))
        return Outcome(content: .one(answer, Content.Layout(Organizations.resource)))
    }
}

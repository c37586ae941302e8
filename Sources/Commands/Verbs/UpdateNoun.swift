import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay NOUN update`: sends the fields that were given and leaves the others as they are.
struct UpdateNoun<N: Noun>: ClientCommand {
    static var configuration: CommandConfiguration {
        let resource = N.resource
        let isOnly = resource.subject(of: N.self) == nil
        return CommandConfiguration(
            "update", isOnly ? "Update the \(resource.name)." : "Update \(resource.article) \(resource.name).",
            more: ["Fields that are not given stay unchanged.", resource.update?.needs].compactMap(\.self)
                .joined(separator: " "),
            examples: [resource.example("update", resource.subject(of: N.self), resource.sample.update)])
    }

    @OptionGroup var subject: N.Subject
    @OptionGroup(title: "Fields") var fields: FieldOptions<Change<N>>
    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard !fields.given.isEmpty else { throw ValidationError("Nothing to update: give at least one field") }
    }

    /// - Parameter present: reads what there is, for what is replaced as a whole.
    func request(
        in surroundings: Surroundings, _ names: NameBook, present: (APIRequest) async throws -> JSON = { _ in [:] }
    ) async throws -> APIRequest {
        let places = [try await subject.find(N.self, names)?.id].compactMap(\.self)
        let given = try await fields.members(in: surroundings, names)
        var members: [String: JSON] = [:]
        if N.resource.isReplaced, let show = N.resource.show { members = try await present(show(places)).members }
        return (N.resource.update ?? Endpoint(.patch, ""))(places, body: .object(members.merging(given) { $1 }))
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let request = try await request(in: surroundings, client.names) { try await client.thing($0) }
        return Outcome(content: .one(try await client.thing(request), Content.Layout(N.resource)))
    }
}

import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay organization delete`.
struct DeleteOrganization: ClientCommand {
    static let configuration = CommandConfiguration(
        "delete", "Delete your organization with everything in it.",
        more: "Asks for its name first, unless --yes is given. The audit log stays.",
        examples: ["organization delete"])

    @OptionGroup var confirmation: Confirmation
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        try confirmation.check(in: surroundings)
        let found = try await client.thing(Endpoint(API.Organizations.showOwn)())
        let name = found[API.Organizations.Answer.CodingKeys.name].string ?? ""
        try confirmation.ask(
            "This deletes the organization '\(name)' with its users, connections, rules and deliveries.", typing: name,
            in: surroundings)
        _ = try await client.send(Endpoint(API.Organizations.deleteOwn)(body: ["name": .text(name)]))
        return Outcome(
            content: .done("Deleted organization '\(name)'.", id: found[API.Organizations.Answer.CodingKeys.id].plain))
    }
}

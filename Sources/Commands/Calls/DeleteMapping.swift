import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay member-mapping delete`.
struct DeleteMapping: ClientCommand {
    static let configuration = CommandConfiguration(
        "delete", "Delete a user's mapping.", more: "Asks first, unless --yes is given.",
        examples: ["member-mapping delete ada@example.com --yes"])

    @Argument(help: "The user, by id, name or e-mail address.")
    var user: String

    @OptionGroup var confirmation: Confirmation
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        try confirmation.check(in: surroundings)
        try confirmation.ask("Delete the member mapping of user \(user)?", in: surroundings)
        return try await MemberMappings.save(user, .null, with: client)
    }
}

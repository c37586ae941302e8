import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay user reset-second-factor`.
struct ResetSecondFactor: ClientCommand {
    static let configuration = CommandConfiguration(
        "reset-second-factor", "Reset a user's second factor and end all of the user's sign-ins.",
        more: "Asks first, unless --yes is given.", examples: ["user reset-second-factor ada@example.com --yes"])

    @OptionGroup var subject: Identified<Users>
    @OptionGroup var confirmation: Confirmation
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        try confirmation.check(in: surroundings)
        let id = try await client.names.find(subject.identifier, in: Users.lookup).id
        try confirmation.ask("Reset the second factor of user \(subject.identifier)?", in: surroundings)
        _ = try await client.send(Endpoint(API.Users.resetSecondFactor)([id]))
        return Outcome(content: .done("The second factor of user \(id) is reset.", id: id))
    }
}

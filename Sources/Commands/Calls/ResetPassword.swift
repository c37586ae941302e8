import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay user reset-password`.
struct ResetPassword: ClientCommand {
    static let configuration = CommandConfiguration(
        "reset-password", "Reset a user's password and end all of the user's sign-ins.",
        more: "The password is read from standard input; it must be changed at the next sign-in.",
        examples: ["user reset-password ada@example.com"])

    @OptionGroup var subject: Identified<Users>
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        guard let password = surroundings.readSecret("New password: "), !password.isEmpty else {
            throw Failure.usage("No password came from standard input.")
        }
        let id = try await client.names.find(subject.identifier, in: Users.lookup).id
        _ = try await client.send(Endpoint(API.Users.resetPassword)([id], body: ["password": .text(password)]))
        return Outcome(content: .done("The password of user \(id) is reset.", id: id))
    }
}

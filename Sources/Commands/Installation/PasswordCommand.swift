import Accounts
import ArgumentParser
import BoundaryText
import Foundation
import Logging
import Server

/// `patchbay password`: sets a user's password beside the database.
struct PasswordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "password", "Set a user's password directly in the database.",
        more: """
            For the first administrator, and for users who cannot sign in any more. The password is read from standard \
            input, so that it is in no history. All of the user's sign-ins end.
            """, examples: ["password ada@example.com"])

    @Argument(help: ArgumentHelp("The user's e-mail address.", valueName: "email"))
    var email: String

    @Flag(help: "Also reset the second factor.")
    var resetSecondFactor = false

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        guard let password = Surroundings.readUnseen("New password: ") else {
            throw CleanExit("No password came from standard input.")
        }
        let rescue = PasswordRecovery(email: email, password: password, removesSecondFactor: resetSecondFactor)
        do {
            try await Installation.rescue(rescue, try options.read(), logger: Logger(label: "password"))
        } catch let refusal as PasswordRecovery.Refusal {
            throw CleanExit("\(refusal)")
        }
        print("\(email) can sign in with the new password")
    }
}

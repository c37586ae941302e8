import Accounts
import ArgumentParser
import BoundaryText
import Foundation
import Logging
import Server

/// `patchbay password`: sets somebody's password beside the database.
struct PasswordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "password", abstract: "Set a user's password, beside the database.",
        discussion: """
            For the first administrator, and for whoever cannot get in any more. The password is read from standard input, \
            so that it stands in no history. All of the user's sign_ins end.
            """)

    @Argument(help: ArgumentHelp("The user's e-mail address.", valueName: "email"))
    var email: String

    @Flag(help: "Take the second factor away as well.")
    var removeSecondFactor = false

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        guard let password = Surroundings.readUnseen("New password: ") else {
            throw CleanExit("no password came on standard input")
        }
        let rescue = Rescue(email: email, password: password, removesSecondFactor: removeSecondFactor)
        do {
            try await Installation.rescue(rescue, try options.read(), logger: Logger(label: "password"))
        } catch let refusal as Rescue.Refusal {
            throw CleanExit("\(refusal)")
        }
        print("\(email) can sign in with the new password")
    }
}

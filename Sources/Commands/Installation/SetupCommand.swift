import ArgumentParser
import BoundaryText
import Foundation
import Logging
import Server

/// `patchbay setup`: everything a first start needs.
struct SetupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "setup", "Create the database, the secret and the first administrator.",
        more: """
            Can be run again at any time; what exists stays. The administrator's e-mail address comes from \
            PATCHBAY_ADMIN_EMAIL or --email.
            """, examples: ["setup --email ada@example.com --organization \"Rivermark IT\""])

    @OptionGroup var options: ConfigurationOptions

    @Option(help: "The first administrator's e-mail address.")
    var email: String?

    @Option(help: "The MSP's name.")
    var organization = "My organization"

    @Flag(help: "Create an API key for the administrator and print it, alone on standard output.")
    var apiKey = false

    @Flag(help: "Continue although the secret of stored credentials is lost; they must be entered again.")
    var acceptLostSecret = false

    func run() async throws {
        var configuration = try options.read()
        configuration.acceptsLostSecrets = acceptLostSecret
        if let email { configuration.adminEmail = email }
        let result = try await Installation.setUp(
            configuration, organization: organization, makesAPIKey: apiKey, logger: Logger(label: "setup"))
        if let file = result.newSecretFile { tell("created the secret \(file); keep a copy with your backups") }
        if let schema = result.newSchema { tell("brought the database to schema \(schema)") }
        tell(
            result.isNewAdministrator
                ? "created the administrator \(result.administrator)"
                : "the administrator is \(result.administrator)")
        if let key = result.apiKey { print(key) }
    }

    private func tell(_ line: String) {
        FileHandle.standardError.write(Data("\(line)\n".utf8))
    }
}

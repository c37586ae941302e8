import ArgumentParser
import BoundaryText
import Foundation
import Logging
import Server

/// `patchbay secrets rotate`: seals everything again, beside the database.
struct RotateSecret: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "rotate", "Create a new secret and seal all stored credentials with it, all or nothing.",
        more: """
            Stop all servers first and start them afterwards: they read the secret when they start, and this is refused \
            while one runs. A secret in a file is \
            created by this command. One in PATCHBAY_SECRET you create yourself: put the new one before the old one, with a comma \
            between, run this, then remove the old one. A backup of the database from before needs the old secret.
            """, examples: ["secrets rotate"])

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let rotation = try await Installation.rotateSecret(try options.read(), logger: Logger(label: "secrets"))
        print("\(rotation.resealed) stored credentials are sealed with the secret \(rotation.keyID)")
        if let file = rotation.file { print("the secret is in \(file); start the servers again") }
    }
}

import ArgumentParser
import BoundaryText
import Foundation
import Logging
import Server

/// `patchbay migrate`: brings the schema up to date without starting a server.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "migrate", "Migrate the database's schema to this version.",
        more: "A server does the same when it starts; this command does it before.", examples: ["migrate"])

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let applied = try await Installation.migrate(try options.read(), logger: Logger(label: "migrate"))
        for step in applied { print("applied \(step)") }
        if applied.isEmpty { print("nothing to do: the schema is up to date") }
    }
}

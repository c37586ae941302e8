import ArgumentParser
import BoundaryText
import Foundation
import Logging
import Server

/// `patchbay migrate`: brings the schema up to date without starting a server.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Bring the database's schema up to date.",
        discussion: "A server does the same when it starts; this is for those who want to see it happen before.")

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let applied = try await Installation.migrate(try options.read(), logger: Logger(label: "migrate"))
        for step in applied { print("applied \(step)") }
        if applied.isEmpty { print("nothing to do, the schema is up to date") }
    }
}

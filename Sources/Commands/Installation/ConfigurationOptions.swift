import ArgumentParser
import BoundaryText
import Foundation
import Server

/// Where the configuration comes from; shared by the commands that work next to the database.
struct ConfigurationOptions: ParsableArguments {
    @Option(help: "A file of PATCHBAY_ settings in .env syntax; the environment wins.")
    var config: String?

    /// The configuration.
    /// - Throws: a clean exit with one line for each fault.
    func read() throws -> Configuration {
        do {
            return try Configuration(environment: ProcessInfo.processInfo.environment, file: config)
        } catch let error as Configuration.Invalid {
            throw CleanExit(error.description)
        }
    }
}

/// Ends the program with a line for people and exit code 1, without ArgumentParser's usage text.
struct CleanExit: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

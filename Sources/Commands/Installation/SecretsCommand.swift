import ArgumentParser
import BoundaryText
import Foundation
import Logging
import Server

/// `patchbay secrets`.
struct SecretsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "secrets", "The secret with which credentials are stored.", examples: ["secrets rotate"],
        subcommands: [RotateSecret.self])
}

import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay doctor`.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "doctor", "Find out why something does not work.", examples: ["doctor connectwise"],
        subcommands: [ConnectWiseDoctor.self])
}

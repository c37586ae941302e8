import ArgumentParser
import BoundaryText
import Foundation
import Logging
import ServiceLifecycle
import SimulatedConnectWise
import SimulatedWebex
import SimulatedWorld
import SimulatorStage
import UnixSignals

/// `patchbay simulate`: outside systems played on this machine.
public struct SimulateCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        "simulate", "Simulate ConnectWise or Webex over HTTP.", examples: ["simulate connectwise --port 9001"],
        subcommands: [ConnectWiseCommand.self, WebexCommand.self])

    public init() {}
}

/// Runs a simulator until a signal; the first line on standard output is its address.
func play(_ simulator: some Service, url: @escaping @Sendable () async throws -> String) async throws {
    let group = ServiceGroup(
        services: [simulator], gracefulShutdownSignals: [.sigterm, .sigint], logger: Logger(label: "simulate"))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        tasks.addTask {
            let line = "listening on \(try await url())\n"
            // Unbuffered, so that the parent process reads it at once.
            try FileHandle.standardOutput.write(contentsOf: Data(line.utf8))
        }
        try await tasks.waitForAll()
    }
}

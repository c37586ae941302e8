import Accounts
import ArgumentParser
import BoundaryText
import Foundation
import Logging
import Server
import ServiceLifecycle
import Telemetry
import UnixSignals

/// `patchbay demo`: the whole product on one machine, with a simulated MSP around it.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "demo", "Run a demo: simulated ConnectWise and Webex, and tickets that change.",
        more: "Everything runs on this machine and is gone afterwards, unless --data names a folder.",
        examples: ["demo", "demo --port 8090 --data demo-data"])

    @Flag(help: "Change no tickets; you do that yourself.")
    var quietWorld = false

    @Option(help: "Port of the server.")
    var port = 8080

    @Option(help: "Seconds between two changes.")
    var pace = 3.0

    @Option(help: "Folder for the database; a temporary one by default.")
    var data: String?

    @Flag(help: "Show the server's log as well.")
    var log = false

    func run() async throws {
        let folder = data ?? FileManager.default.temporaryDirectory.appending(path: "patchbay-demo-\(getpid())").path()
        defer { if data == nil { try? FileManager.default.removeItem(atPath: folder) } }
        let level: Logger.Level = log ? .info : .error
        LoggingSystem.bootstrap { LogSettings(level: level).handler(label: $0) }
        let logger = Logger(label: "demo")
        let stage = DemoStage(logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await stage.run() }
            let configuration = try await stage.configuration(folder: folder, port: port)
            let result = try await Installation.setUp(
                configuration, organization: "Rivermark IT", makesAPIKey: true, logger: logger)
            guard let key = result.apiKey else { throw CleanExit("setup created no API key") }
            let people = DemoUsers(domain: DemoStage.domain)
            try await Installation.addDemoPeople(people, configuration, logger: logger)
            let server = try await Server.build(configuration, logger: logger)
            var group = ServiceGroupConfiguration(
                services: server.services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
            group.maximumGracefulShutdownDuration = .seconds(10)
            tasks.addTask { [group] in try await ServiceGroup(configuration: group).run() }
            tasks.addTask {
                try await stage.connect(port: port, key: key)
                stage.introduce(port: port, key: key, people)
                if !quietWorld { try await stage.play(pace: .seconds(pace)) }
                // Nothing changes any more; the server runs until it is stopped.
                try await Task.sleep(for: .seconds(.max / 1_000_000))
            }
            // The first to end is the server, by a signal, or a task that failed.
            try await tasks.next()
            tasks.cancelAll()
            while let result = await tasks.nextResult() {
                if case .failure(let error) = result, !(error is CancellationError) { throw error }
            }
        }
    }
}

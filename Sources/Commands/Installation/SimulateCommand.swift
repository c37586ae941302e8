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

struct ListeningOptions: ParsableArguments {
    @Option(help: "Address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "Port to listen on; 0 picks a free one.")
    var port = 0

    @Flag(help: "Serve TLS with a certificate created at the start.")
    var tls = false

    @Option(help: "Where to write the certificate authority (PEM).")
    var caFile: String?

    @Option(help: "Milliseconds that every call takes at least.")
    var latencyMs = 0

    @Option(help: "Calls a minute before 429; 0 for no limit.")
    var limit: Int?

    @Option(help: "Seed of the world.")
    var seed: UInt64 = 2026

    var listening: Listening { Listening(host: host, port: port, tls: tls, authorityFile: caFile) }
}

struct ConnectWiseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "connectwise", "Simulate ConnectWise PSA.", examples: ["simulate connectwise --port 9001 --tickets 1000"])

    @OptionGroup var common: ListeningOptions

    @Option(help: "Login company.")
    var company: String?

    @Option(help: "Public key of the API member.")
    var publicKey: String?

    @Option(help: "Private key of the API member.")
    var privateKey: String?

    @Option(help: "The clientId that is accepted; any by default.")
    var clientId: String?

    @Option(help: "Tickets at the start.")
    var tickets: Int?

    func run() async throws {
        var options = ConnectWiseOptions()
        options.listening = common.listening
        options.company = company ?? options.company
        options.publicKey = publicKey ?? options.publicKey
        options.privateKey = privateKey ?? options.privateKey
        options.clientID = clientId
        options.latency = .milliseconds(common.latencyMs)
        if let limit = common.limit { options.callsPerMinute = limit == 0 ? nil : limit }
        options.world = tickets.map { .load(tickets: $0, seed: common.seed) } ?? World(seed: common.seed)
        let simulator = ConnectWiseSimulator(options: options)
        try await play(simulator) { try await simulator.url(within: .seconds(60)) }
    }
}

struct WebexCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "webex", "Simulate Webex messaging.", examples: ["simulate webex --port 9002"])

    @OptionGroup var common: ListeningOptions

    @Option(help: "The bot's token.")
    var token: String?

    @Option(help: "Rooms besides those of the world.")
    var rooms = 0

    func run() async throws {
        var options = WebexOptions()
        options.listening = common.listening
        options.token = token ?? options.token
        options.latency = .milliseconds(common.latencyMs)
        options.extraRooms = rooms
        if let limit = common.limit { options.callsPerMinute = limit == 0 ? nil : limit }
        options.world = World(seed: common.seed)
        let simulator = WebexSimulator(options: options)
        try await play(simulator) { try await simulator.url(within: .seconds(60)) }
    }
}

/// Runs a simulator until a signal; the first line on standard output is its address.
private func play(_ simulator: some Service, url: @escaping @Sendable () async throws -> String) async throws {
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

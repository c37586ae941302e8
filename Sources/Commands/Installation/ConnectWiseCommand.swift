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

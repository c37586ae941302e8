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

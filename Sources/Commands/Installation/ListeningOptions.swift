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

import ArgumentParser
import BoundaryText
import CMemory
import CoreMetrics
import Foundation
import Logging
import NIOCore
import Server
import ServiceLifecycle
import Telemetry
import UnixSignals
import WebSupport

/// `patchbay serve`: the server.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "serve", "Run the server: console, API, callbacks, workers.",
        more: """
            SIGTERM and SIGINT stop it: requests and jobs get ten seconds to finish, the rest is handed back. \
            Several servers can share one PostgreSQL database.
            """, examples: ["serve", "serve --config patchbay.env --roles worker"])

    @OptionGroup var options: ConfigurationOptions

    @Option(help: "What this process does: web, worker, or both separated by a comma.")
    var roles = "web,worker"

    @Flag(help: "Continue although the secret of stored credentials is lost; they must be entered again.")
    var acceptLostSecret = false

    func run() async throws {
        try await withTaskExecutorPreference(EventLoops.shared) { try await serve() }
    }

    private func serve() async throws {
        patchbay_keep_memory_small()
        FileLimit.raise()
        var configuration = try options.read()
        configuration.duties = try duties()
        configuration.acceptsLostSecrets = acceptLostSecret
        let logs = configuration.logs
        LoggingSystem.bootstrap { logs.handler(label: $0) }
        let metrics = PrometheusMetrics()
        MetricsSystem.bootstrap(metrics)
        let logger = Logger(label: "patchbay")
        let started = ContinuousClock.now
        let listen = configuration.listen
        let server = try await Server.build(configuration, metrics: metrics, logger: logger) { port in
            logger.notice(
                "listening on http://\(listen.host):\(port)",
                metadata: [
                    "ready_after": "\((ContinuousClock.now - started).formatted(.units(allowed: [.milliseconds])))"
                ])
        }
        var group = ServiceGroupConfiguration(
            services: server.services + [ForgettingTheStart()], gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger)
        group.maximumGracefulShutdownDuration = .seconds(20)
        do {
            try await ServiceGroup(configuration: group).run()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw CleanExit(Self.inUse(listen.host, listen.port))
        }
        logger.notice("stopped")
    }

    /// What to say when another program listens already.
    static func inUse(_ host: String, _ port: Int) -> String {
        "Port \(port) of \(host) is in use by another program. Stop that program, or choose another port with "
            + "PATCHBAY_LISTEN=\(host):\(port < 65_535 ? port + 1 : 8_080)."
    }

    private func duties() throws -> Set<Configuration.Duty> {
        let names = roles.splitBytes(on: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        let duties = names.compactMap(Configuration.Duty.init(rawValue:))
        guard !duties.isEmpty, duties.count == names.count else {
            throw ValidationError("--roles must be web, worker or web,worker")
        }
        return Set(duties)
    }
}

/// Gives memory back once the start is over.
private struct ForgettingTheStart: Service {
    // By then boards and rooms are fetched.
    private static let startTakes: Duration = .seconds(2)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            do {
                try await Task.sleep(for: Self.startTakes)
                patchbay_release_start()
            } catch {
                // Stopped before the start was over.
            }
        }
        try? await gracefulShutdown()
    }
}

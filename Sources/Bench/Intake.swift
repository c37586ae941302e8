import API
import ArgumentParser
import Database
import Foundation
import Hummingbird
import Logging
import WebSupport

/// How fast signed hooks are verified and durably stored, as a share of what the same HTTP server does with nothing.
struct Intake {
    let engine: Engine
    let seconds: Int

    func run(_ table: inout ResultTable) async throws {
        try await BenchDatabase.with(engine) { url, folder in
            let world = try await PlayedSystems.start()
            let file = "\(folder)/hooks.txt"
            // Only the web role: what is measured is the way from the socket to the disk.
            let server = try await ServerProcess.start(
                databaseURL: url, folder: folder, roles: "web", settings: world.settings)
            let hookPath = try await world.hookPath(of: server)
            try world.writeHooks(of: 1_000_001...1_020_000, to: file)
            let script = Wrk.hooks(from: file)
            let empty = try EmptyServerProcess.start()
            var ratios: [Double] = []
            var best: Wrk?
            var (bareRate, hooks, processor) = (0.0, 0.0, 0.0)
            // In turns, so that the machine's moods meet both alike.
            for _ in 0..<3 {
                let bare = try Wrk.run(
                    url: "http://127.0.0.1:\(empty.port)/hooks/cw/tickets", seconds: seconds / 2, script: script,
                    folder: folder)
                let before = server.cpuSeconds
                let stored = try Wrk.run(
                    url: "http://127.0.0.1:\(server.port)\(hookPath)", seconds: seconds / 2, script: script,
                    folder: folder)
                processor += server.cpuSeconds - before
                hooks += stored.requestsPerSecond * Double(seconds / 2)
                ratios.append(stored.requestsPerSecond / bare.requestsPerSecond)
                bareRate = max(bareRate, bare.requestsPerSecond)
                if stored.requestsPerSecond > best?.requestsPerSecond ?? 0 { best = stored }
            }
            empty.stop()
            server.stop()
            await world.stop()
            guard let best else { return }
            table.add("empty POST handler of the same server", bareRate, "/s")
            table.add("signed hooks verified and durably stored", best.requestsPerSecond, "/s")
            table.add("  as a share of the empty handler (median of 3)", ratios.sorted()[1] * 100, atLeast: 60, "%")
            table.add("  p99", best.p99, atMost: 25, "ms")
            table.add("  refused or failed", Double(best.failures), atMost: 0, "", digits: 0)
            table.add("  processor time per hook", processor / hooks * 1_000_000, "µs")
        }
    }
}

/// The denominator: the same HTTP server and frame, and a handler that does nothing.
struct EmptyServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "empty-server", shouldDisplay: false)

    @Option var port: Int

    func run() async throws {
        try await withTaskExecutorPreference(EventLoops.shared) { try await serve() }
    }

    private func serve() async throws {
        var logger = Logger(label: "empty")
        logger.logLevel = .critical
        let router = Router(context: WebContext.self)
        router.add(middleware: RequestFrame(errors: ErrorTranslation(logger: logger) { _ in nil }))
        router.post("/hooks/cw/tickets") { request, context -> Response in
            // Takes the body like every POST, and does nothing with it.
            var request = request
            _ = try await request.collectBody(upTo: context.maxUploadSize)
            return Response(status: .ok)
        }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: port), backlog: 1_024),
            logger: logger)
        try await application.runService()
    }
}

private final class EmptyServerProcess {
    let port: Int
    private let process: Process

    private init(port: Int, process: Process) {
        self.port = port
        self.process = process
    }

    static func start() throws -> EmptyServerProcess {
        let port = Int.random(in: 20_001...30_000)
        let process = Process()
        process.executableURL = URL(filePath: CommandLine.arguments[0])
        process.arguments = ["empty-server", "--port", "\(port)"]
        try process.run()
        // It answers within milliseconds; wrk tries a refused connection again.
        usleep(500_000)
        return EmptyServerProcess(port: port, process: process)
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }
}

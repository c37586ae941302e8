import Database
import Foundation

/// Memory and time to start.
struct Footprint {
    let engine: Engine

    func run(_ table: inout ResultTable) async throws {
        try await BenchDatabase.with(engine) { url, folder in
            let world = try await PlayedSystems.start()
            let first = try await ServerProcess.start(databaseURL: url, folder: folder, settings: world.settings)
            first.stop()
            let server = try await ServerProcess.start(databaseURL: url, folder: folder, settings: world.settings)
            table.add(
                "ready after start on an existing database", server.readyAfter * 1000, atMost: 200, "ms", digits: 0)
            try await Task.sleep(for: .seconds(3))
            table.add("resident memory, idle", server.residentMemory, atMost: 40, "MiB")

            let hooks = "\(folder)/hooks.txt"
            // Tickets that do not exist: each hook is stored and its refresh finds nothing, so that all of it runs.
            try world.writeHooks(of: 1_000_001...(1_000_000 + 2_000), to: hooks)
            let url = "http://127.0.0.1:\(server.port)" + (try await world.hookPath(of: server))
            var after: [Double] = []
            for _ in 0..<2 {
                try flood(100_000, url, hooks, folder)
                try await Task.sleep(for: .seconds(2))
                after.append(server.residentMemory)
            }
            table.add("resident memory after 100,000 hooks", after[0], atMost: 120, "MiB")
            table.add("  after 200,000", after[1], atMost: max(after[0] * 1.1, after[0] + 5), "MiB")
            server.stop()
            await world.stop()
        }
    }

    /// wrk counts seconds, not requests, so it runs in short turns until there were enough.
    private func flood(_ count: Int, _ url: String, _ hooks: String, _ folder: String) throws {
        var sent = 0
        while sent < count {
            sent += try Wrk.run(url: url, seconds: 2, script: Wrk.hooks(from: hooks), folder: folder).requests
        }
    }
}

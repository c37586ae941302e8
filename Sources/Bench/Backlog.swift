import Database
import Foundation
import SimulatedConnectWise

/// Thousands of tickets that change at once, each told to three rooms: how fast their hooks are taken while the work that
/// they make begins, how fast it is done, and how soon after the server was killed in its middle.
struct Backlog {
    private static let tickets = 20_000
    private static let killedTickets = 1_000
    private static let rounds = 3

    let engine: Engine

    func run(_ table: inout ResultTable) async throws {
        var all: [Burst] = []
        for _ in 0..<Self.rounds { all.append(try await burst(of: Self.tickets)) }
        func median(_ value: (Burst) -> Double) -> Double { all.map(value).sorted()[Self.rounds / 2] }
        func goal(_ sqlite: Double, _ postgres: Double) -> Double { engine == .sqlite ? sqlite : postgres }
        table.add(
            "20,000 hooks of as many tickets at once: acknowledged", median(\.rate), atLeast: goal(6_000, 5_000), "/s")
        table.add("  p99", median(\.p99), atMost: goal(40, 50), "ms")
        table.add("  refused or failed", median(\.failures), atMost: 0, "", digits: 0)
        table.add("  tickets told while that drains", median(\.drained), atLeast: goal(700, 600), "/s")
        table.add("  lost", median(\.lost), atMost: 0, "", digits: 0)
        table.add("  most resident memory", median(\.memory), atMost: 120, "MiB", digits: 0)
        table.add("  processor time a ticket, server and database", median(\.processor) * 1_000, "ms", digits: 2)
        if engine == .postgres {
            let two = try await burst(of: Self.tickets, servers: 2)
            table.add("  the same with two servers", two.drained, atLeast: median(\.drained), "/s")
            table.add("    lost", two.lost, atMost: 0, "", digits: 0)
        }
        var recoveries: [(last: Double, lost: Double, doubled: Double)] = []
        for _ in 0..<Self.rounds { recoveries.append(try await recovery()) }
        table.add(
            "kill -9 in a burst of 1,000: until the last message", recoveries.map(\.last).sorted()[Self.rounds / 2],
            atMost: 5, "s")
        table.add("  lost", recoveries.map(\.lost).max() ?? .nan, atMost: 0, "", digits: 0)
        table.add("  told twice, of what was in flight", recoveries.map(\.doubled).max() ?? .nan, "", digits: 0)
    }

    private struct Burst {
        let rate: Double
        let p99: Double
        let failures: Double
        let drained: Double
        let lost: Double
        let memory: Double
        let processor: Double
    }

    private func burst(of count: Int, servers: Int = 1) async throws -> Burst {
        try await onStage(count) { stage in
            // They share the machine, and the database; the hooks go to the first.
            var others: [ServerProcess] = []
            for _ in 1..<servers {
                others.append(
                    try await ServerProcess.start(
                        databaseURL: stage.url, folder: stage.folder, settings: stage.world.settings))
            }
            defer { for other in others { other.stop() } }
            let before = stage.server.cpuSeconds + ProcessorTime.ofPostgres
            let (spent, load) = try await stage.sendAll()
            let over = ContinuousClock.now
            let arrived = try await Pipeline.settle(stage.world, expecting: count * Pipeline.recipients)
            let processor = stage.server.cpuSeconds + ProcessorTime.ofPostgres - before
            var messages: [Int: [ContinuousClock.Instant]] = [:]
            for message in stage.world.messages() { messages[message.ticket, default: []].append(message.at) }
            // When each ticket was told to all.
            let told = messages.values.compactMap { $0.count >= Pipeline.recipients ? $0.max() : nil }
            let behind = told.filter { $0 > over }
            return Burst(
                rate: Double(count) / spent, p99: load.p99, failures: Double(load.failures),
                drained: Double(behind.count) / ((behind.max() ?? over) - over).inSeconds,
                lost: Double(count * Pipeline.recipients - arrived), memory: stage.server.peakMemory,
                processor: processor / Double(count))
        }
    }

    private func recovery() async throws -> (last: Double, lost: Double, doubled: Double) {
        let count = Self.killedTickets
        return try await onStage(count) { stage in
            _ = try await stage.sendAll()
            while stage.world.messageCount < count { try await Task.sleep(for: .milliseconds(1)) }
            let killed = ContinuousClock.now
            stage.server.kill()
            stage.server = try await ServerProcess.start(
                databaseURL: stage.url, folder: stage.folder, settings: stage.world.settings, again: stage.server)
            try await Pipeline.settle(stage.world, expecting: count * Pipeline.recipients, patience: 60)
            // What is told twice comes after the other.
            try await stage.server.idle()
            let messages = stage.world.messages()
            let told = Set(messages.map { "\($0.ticket) \($0.room)" })
            return (
                (messages.map(\.at).max().map { $0 - killed } ?? .zero).inSeconds,
                Double(count * Pipeline.recipients - told.count), Double(messages.count - told.count)
            )
        }
    }

    /// A server with three rooms to tell, and tickets of which it does not know.
    private final class Stage {
        let world: PlayedSystems
        let folder: String
        let url: String
        var server: ServerProcess
        private let hookPath: String

        init(_ world: PlayedSystems, _ folder: String, _ url: String, _ server: ServerProcess, _ hookPath: String) {
            (self.world, self.folder, self.url, self.server, self.hookPath) = (world, folder, url, server, hookPath)
        }

        /// Sends the hooks of all tickets, as fast as they are acknowledged.
        /// - Returns: how many seconds it took.
        func sendAll() async throws -> (seconds: Double, load: Wrk) {
            let report = "\(folder)/over.txt"
            let wrk = try Wrk.begin(
                url: "http://127.0.0.1:\(server.port)\(hookPath)", seconds: 600,
                script: Wrk.hooksOnce(from: "\(folder)/hooks.txt", tellingIn: report), folder: folder)
            var spent: Double?
            while spent == nil {
                try await Task.sleep(for: .milliseconds(5))
                spent = (try? String(contentsOfFile: report, encoding: .utf8)).flatMap { Double($0) }
            }
            wrk.interrupt()
            return (spent ?? .nan, try wrk.result())
        }
    }

    private func onStage<Result>(_ count: Int, _ body: (Stage) async throws -> Result) async throws -> Result {
        try await BenchDatabase.with(engine) { url, folder in
            let world = try await PlayedSystems.start()
            let server = try await ServerProcess.start(databaseURL: url, folder: folder, settings: world.settings)
            try await Pipeline.makeRules(on: server)
            let tickets = try (0..<count).map {
                try world.connectWise.createTicket("Backlog \($0)", board: Pipeline.board, text: "Now.")
            }
            try world.writeHooks(of: tickets, action: "added", to: "\(folder)/hooks.txt")
            let stage = Stage(world, folder, url, server, try await world.hookPath(of: server))
            try await server.idle()
            defer { stage.server.stop() }
            let result = try await body(stage)
            await world.stop()
            return result
        }
    }
}

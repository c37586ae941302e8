import AsyncHTTPClient
import Database
import Foundation
import NIOCore
import NIOHTTP1
import SimulatedConnectWise
import SimulatedWorld

/// From a hook to its messages: one new ticket each, told to three rooms, everything on this machine.
struct Pipeline {
    static let board = "Service Desk"
    static let recipients = 3

    let engine: Engine
    let seconds: Int

    func run(_ table: inout ResultTable) async throws {
        let quick = try await measure(latency: .zero, rate: 100)
        table.add(
            "hook to message at 100/s, no latency: p50", quick.latencies.milliseconds(50),
            atMost: engine == .sqlite ? 3.5 : 4.2, "ms")
        table.add("  p99", quick.latencies.milliseconds(99), atMost: engine == .sqlite ? 7 : 8, "ms")
        table.add("  lost", Double(quick.lost), atMost: 0, "", digits: 0)
        table.add(
            "  processor time a hook, server and database", quick.cpuPerHook * 1_000,
            atMost: engine == .sqlite ? 3 : 4, "ms", digits: 2)
        let slow = try await measure(latency: .milliseconds(50), rate: 100)
        table.add(
            "hook to message at 100/s, 50 ms per remote call: p50", slow.latencies.milliseconds(50), atMost: 130, "ms")
        table.add("  p99", slow.latencies.milliseconds(99), "ms")
        table.add("  lost", Double(slow.lost), atMost: 0, "", digits: 0)

        var best: Load?
        for rate in [200, 300, 400, 500, 600, 700, 800] {
            let load = try await measure(latency: .zero, rate: rate)
            // Growing lag shows as messages that come ever later than their hooks.
            guard load.lost == 0, load.latencies.milliseconds(99) < 1_000, load.drain < 1 else { break }
            best = load
        }
        table.add("highest rate without growing lag", Double(best?.rate ?? 0), atLeast: 400, "hooks/s")
        if let best {
            table.add("  p50 there", best.latencies.milliseconds(50), "ms", digits: 1)
            table.add("  p99 there", best.latencies.milliseconds(99), "ms", digits: 1)
            table.add("  processor time a hook there, server and database", best.cpuPerHook * 1_000, "ms", digits: 2)
        }
    }

    struct Load {
        let rate: Int
        let latencies: Samples
        let lost: Int
        /// Seconds from the last hook to the last message.
        let drain: TimeInterval
        let cpuPerHook: Double
    }

    private func measure(latency: Duration, rate: Int) async throws -> Load {
        try await BenchDatabase.with(engine) { url, folder in
            let world = try await PlayedSystems.start(latency: latency)
            let server = try await ServerProcess.start(databaseURL: url, folder: folder, settings: world.settings)
            let hookURL = "http://127.0.0.1:\(server.port)" + (try await world.hookPath(of: server))
            try await Self.makeRules(on: server)
            _ = try await Self.load(rate: 50, count: 50, hookURL, world, server)
            let load = try await Self.load(rate: rate, count: rate * seconds, hookURL, world, server)
            server.stop()
            await world.stop()
            return load
        }
    }

    /// Sends hooks of as many new tickets at an even pace, and awaits their messages.
    static func load(
        rate: Int, count: Int, _ hookURL: String, _ world: PlayedSystems, _ server: ServerProcess
    ) async throws -> Load {
        world.forgetMessages()
        let before = server.cpuSeconds + ProcessorTime.ofPostgres
        let sent = try await send(rate: rate, count: count, hookURL, world)
        let lastSent = ContinuousClock.now
        let arrived = try await settle(world, expecting: count * recipients)
        let messages = world.messages()
        let latencies = messages.compactMap { message in
            sent[message.ticket].map { (message.at - $0).inSeconds }
        }
        let drain = messages.map { ($0.at - lastSent).inSeconds }.max() ?? 0
        let cpu = (server.cpuSeconds + ProcessorTime.ofPostgres - before) / Double(count)
        return Load(
            rate: rate, latencies: Samples(latencies), lost: count * recipients - arrived, drain: max(0, drain),
            cpuPerHook: cpu)
    }

    static func makeRules(on server: ServerProcess) async throws {
        let boards = try await server.items("/boards", atLeast: World.boards.count)
        let rooms = try await server.items("/recipients?kind=room", atLeast: Self.recipients)
        let board = boards.first { $0["name"] as? String == Self.board }?["id"] as? String ?? "1"
        for room in rooms.prefix(Self.recipients) {
            _ = try await server.call(
                "POST", "/rules", #"{"board_id":"\#(board)","recipient_id":\#(room["id"] ?? 0)}"#)
        }
    }

    /// Makes tickets and posts their hooks at an even pace, whatever the answers do.
    private static func send(
        rate: Int, count: Int, _ hookURL: String, _ world: PlayedSystems
    ) async throws -> [Int: ContinuousClock.Instant] {
        let start = ContinuousClock.now
        return try await withThrowingTaskGroup(of: (Int, ContinuousClock.Instant).self) { group in
            for number in 0..<count {
                let due = start + .seconds(Double(number) / Double(rate))
                if due > .now { try await Task.sleep(until: due, clock: .continuous) }
                group.addTask {
                    let ticket = try world.connectWise.createTicket(
                        "Load test ticket \(number)", board: board, text: "It does not work.")
                    return (ticket, try await post(ticket, "added", hookURL, world))
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    /// Tells the server that a ticket changed.
    /// - Returns: when it was sent.
    @discardableResult
    static func post(
        _ ticket: Int, _ action: String, _ hookURL: String, _ world: PlayedSystems
    ) async throws -> ContinuousClock.Instant {
        let hook = world.hook(ticket: ticket, action: action)
        var request = HTTPClientRequest(url: hookURL + "\(ticket)&action=\(action)")
        request.method = .POST
        request.headers.add(name: "x-content-signature", value: hook.signature)
        request.body = .bytes(hook.body)
        let sent = ContinuousClock.now
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        guard response.status == .ok else { throw Broken(what: "a hook was answered \(response.status)") }
        return sent
    }

    /// Waits until all messages are there, or none has come for some seconds.
    @discardableResult
    static func settle(_ world: PlayedSystems, expecting count: Int, patience: Int = 5) async throws -> Int {
        var seen = -1
        var quiet = ContinuousClock.now
        while world.messageCount < count {
            if world.messageCount != seen {
                seen = world.messageCount
                quiet = .now
            }
            if ContinuousClock.now - quiet > .seconds(patience) { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        return world.messageCount
    }
}

extension Duration {
    /// As a number.
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}

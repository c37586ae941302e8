import AsyncHTTPClient
import Database
import Foundation
import NIOCore
import NIOHTTP1
import SimulatedConnectWise
import SimulatedWorld
import SimulatorStage

/// Many tickets that change at one moment: how long until everybody knows, and what it costs in calls.
struct Burst {
    let engine: Engine

    func run(_ table: inout ResultTable) async throws {
        let quick = try await arrivals(latency: .zero)
        let what = "1,000 tickets at once, 3 recipients, no latency: until the last message"
        switch engine {
        case .sqlite: table.add(what, quick.last, atMost: 3, "s", digits: 2)
        case .postgres: table.add(what, quick.last, "s", digits: 2)
        }
        table.add("  lost", Double(quick.lost), atMost: 0, "", digits: 0)
        let slow = try await arrivals(latency: .milliseconds(50))
        table.add("  the same with 50 ms per remote call", slow.last, atMost: 10, "s", digits: 2)
        table.add("  lost", Double(slow.lost), atMost: 0, "", digits: 0)
        table.add(
            "ConnectWise calls for a burst of 300 changed tickets", Double(try await calls()), atMost: 320, "",
            digits: 0)
    }

    private func arrivals(latency: Duration) async throws -> (last: TimeInterval, lost: Int) {
        let count = 1_000
        return try await BenchDatabase.with(engine) { url, folder in
            let world = try await PlayedSystems.start(latency: latency)
            let server = try await ServerProcess.start(databaseURL: url, folder: folder, settings: world.settings)
            defer { server.stop() }
            try await Pipeline.makeRules(on: server)
            let hookURL = "http://127.0.0.1:\(server.port)" + (try await world.hookPath(of: server))
            let tickets = try (0..<count).map {
                try world.connectWise.createTicket("Burst \($0)", board: Pipeline.board, text: "Now.")
            }
            let start = ContinuousClock.now
            try await Self.tell(tickets, "added", hookURL, world)
            let arrived = try await Pipeline.settle(world, expecting: count * Pipeline.recipients)
            let last = world.messages().map { ($0.at - start).inSeconds }.max() ?? .nan
            await world.stop()
            return (last, count * Pipeline.recipients - arrived)
        }
    }

    private func calls() async throws -> Int {
        let count = 300
        return try await BenchDatabase.with(engine) { url, folder in
            let world = try await PlayedSystems.start(latency: .milliseconds(20))
            // Calls are scarce, though not so scarce that the second burst has to wait for the next minute.
            let settings = world.settings.merging(["PATCHBAY_CONNECTWISE_BUDGET": "2000"]) { $1 }
            let server = try await ServerProcess.start(databaseURL: url, folder: folder, settings: settings)
            defer { server.stop() }
            try await Pipeline.makeRules(on: server)
            let hookURL = "http://127.0.0.1:\(server.port)" + (try await world.hookPath(of: server))
            let tickets = try (0..<count).map {
                try world.connectWise.createTicket("Known \($0)", board: Pipeline.board)
            }
            try await Self.tell(tickets, "added", hookURL, world)
            try await Pipeline.settle(world, expecting: count * Pipeline.recipients)
            world.connectWise.control.resetCalls()
            for ticket in tickets { try world.connectWise.addNote("More.", to: ticket, as: .customer) }
            try await Self.tell(tickets, "updated", hookURL, world)
            try await server.idle()
            let calls = world.connectWise.control.callCount
            await world.stop()
            return calls
        }
    }

    private static func tell(
        _ tickets: [Int], _ action: String, _ hookURL: String, _ world: PlayedSystems
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for ticket in tickets {
                group.addTask { try await Pipeline.post(ticket, action, hookURL, world) }
            }
            try await group.waitForAll()
        }
    }
}

/// A sync of very many open tickets.
struct SyncRates {
    private static let open = 100_000

    let engine: Engine

    func run(_ table: inout ResultTable) async throws {
        try await BenchDatabase.with(engine) { url, folder in
            // Three in ten are closed.
            let world = try await PlayedSystems.start(tickets: .load(tickets: Self.open * 29 / 20))
            let server = try await ServerProcess.start(databaseURL: url, folder: folder, settings: world.settings)
            defer { server.stop() }
            _ = try await server.items("/boards", atLeast: World.boards.count)
            try await server.idle()
            world.connectWise.control.resetCalls()
            let start = ContinuousClock.now
            _ = try await server.call("POST", "/sync", #"{"kinds":["tickets"]}"#)
            var sync: [String: Any] = [:]
            var largest = 0.0
            repeat {
                try await Task.sleep(for: .milliseconds(50))
                largest = max(largest, server.residentMemory)
                let all = try await server.call("GET", "/sync/status")["items"] as? [[String: Any]] ?? []
                sync = all.first { $0["kind"] as? String == "tickets" } ?? [:]
            } while sync["finished_at"] == nil
            let seconds = (ContinuousClock.now - start).inSeconds
            table.add(
                "open tickets synced", Double(sync["done"] as? Int ?? 0), atLeast: Double(Self.open), "", digits: 0)
            table.add("  ConnectWise calls", Double(world.connectWise.control.callCount), atMost: 120, "", digits: 0)
            table.add("  time", seconds, atMost: 20, "s", digits: 1)
            table.add("  most resident memory", largest, atMost: 150, "MiB", digits: 0)
            await world.stop()
        }
    }
}

import AsyncHTTPClient
import Database
import Foundation
import NIOCore
import NIOHTTP1
import SimulatedConnectWise
import SimulatedWorld
import SimulatorStage

/// Searching and writing to tickets, as an engineer waits for it.
struct WriteBack {
    let engine: Engine

    private static let posts = 1_000
    private static let tickets = 50
    private static let samples = 100

    func run(_ table: inout ResultTable) async throws {
        let world = try await PlayedSystems.start(tickets: World(seed: 1, tickets: 2_000))
        do {
            try await BenchDatabase.with(engine) { url, folder in
                var settings = world.settings
                for limit in ["SEARCHES", "LOOKUPS", "POSTS"] { settings["PATCHBAY_LIMIT_\(limit)"] = "100000" }
                let server = try await ServerProcess.start(databaseURL: url, folder: folder, settings: settings)
                defer { server.stop() }
                _ = try await server.items("/boards", atLeast: World.boards.count)
                try await server.idle()
                try await measureReading(world, server, &table)
                try await measureWriting(world, server, &table)
            }
            await world.stop()
        } catch {
            await world.stop()
            throw error
        }
    }

    // MARK: Reading

    private func measureReading(
        _ world: PlayedSystems, _ server: ServerProcess, _ table: inout ResultTable
    ) async throws {
        // So far away is ConnectWise's cloud at best.
        world.connectWise.control.latency = .milliseconds(40)
        var (direct, through): ([Double], [Double]) = ([], [])
        for number in 0..<Self.samples {
            // In turns, so that what else the machine does strikes both.
            direct.append(try await world.searchDirectly("printer"))
            through.append(
                try await time {
                    _ = try await server.call("GET", "/integrations/psa/tickets/search?q=printer&limit=25")
                })
            if number == 0 { (direct, through) = ([], []) }
        }
        world.connectWise.control.latency = .zero
        let own = Samples(direct).milliseconds(95)
        table.add("ticket search, p95 of the PSA alone (40 ms away)", own, "ms", digits: 1)
        table.add("  through Patchbay, p95 above that", Samples(through).milliseconds(95) - own, atMost: 20, "ms")
        let ticket = world.connectWise.ticketIDs.first ?? 0
        let statuses = "/integrations/psa/tickets/\(ticket)/statuses?board_id=1"
        _ = try await server.call("GET", statuses)
        var cached: [Double] = []
        for _ in 0..<Self.samples { cached.append(try await time { _ = try await server.call("GET", statuses) }) }
        table.add("cached status list, p95", Samples(cached).milliseconds(95), atMost: 5, "ms")
    }

    private func time(_ body: () async throws -> Void) async throws -> Double {
        let start = ContinuousClock.now
        try await body()
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return Double(seconds) + Double(attoseconds) / 1e18
    }

    // MARK: Writing

    private func measureWriting(
        _ world: PlayedSystems, _ server: ServerProcess, _ table: inout ResultTable
    ) async throws {
        let psa = world.connectWise
        let tickets = try (0..<Self.tickets).map { try psa.createTicket("Bench \($0)") }
        var written: [Double] = []
        for number in 0..<Self.samples {
            let ticket = tickets[number % tickets.count]
            written.append(
                try await time { try await post("Warm \(number)", to: ticket, server, expecting: "sent") })
        }
        table.add("note written, p95 (the PSA answers at once)", Samples(written).milliseconds(95), "ms", digits: 1)

        let down = psa.control.script(Fault(.cutBefore, times: nil))
        var taken: [Double] = []
        for number in 0..<Self.posts {
            let ticket = tickets[number % tickets.count]
            taken.append(
                try await time { try await post("Post \(number).", to: ticket, server, expecting: "queued") })
        }
        table.add("post taken while the PSA is down, p50", Samples(taken).milliseconds(50), "ms", digits: 1)
        table.add("  p95", Samples(taken).milliseconds(95), atMost: 50, "ms")

        psa.control.remove(fault: down)
        psa.control.resetCalls()
        let connection = try await server.items("/integrations/psa/connections", atLeast: 1).first?["id"] as? Int ?? 0
        let drained = try await time {
            _ = try await server.call("POST", "/integrations/psa/connections/\(connection)/test")
            while try await waits(server) { try await Task.sleep(for: .milliseconds(50)) }
        }
        let notes = tickets.flatMap { psa.ticket($0)?.notes ?? [] }.filter { $0.contains("Post ") }
        table.add("1,000 queued posts drained in", drained, "s", digits: 1)
        table.add("  calls of the PSA for each", Double(psa.control.callCount) / Double(Self.posts), "", digits: 2)
        table.add("  written", Double(Set(notes).count), atLeast: Double(Self.posts), "")
        table.add("  doubled", Double(notes.count - Set(notes).count), atMost: 0, "", digits: 0)
    }

    /// Whether a post still waits.
    private func waits(_ server: ServerProcess) async throws -> Bool {
        let queued = try await server.call("GET", "/integrations/psa/posts?state=queued&limit=1")
        return (queued["items"] as? [Any])?.isEmpty == false
    }

    private func post(
        _ text: String, to ticket: Int, _ server: ServerProcess, expecting state: String
    ) async throws {
        let answer = try await server.call(
            "POST", "/integrations/psa/tickets/\(ticket)/notes", "{\"text\":\"\(text)\"}")
        guard answer["state"] as? String == state else { throw Broken(what: "a post is \(answer)") }
    }
}

extension PlayedSystems {
    /// How long the same search takes without Patchbay.
    fileprivate func searchDirectly(_ word: String) async throws -> Double {
        let options = ConnectWiseOptions()
        let keys = "\(options.company)+\(options.publicKey):\(options.privateKey)"
        let conditions =
            "(closedFlag=False AND summary contains \"\(word)\")"
            .addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        var request = HTTPClientRequest(
            url: "\(try await connectWise.url())/v4_6_release/apis/3.0/service/tickets?conditions=\(conditions)"
                + "&pageSize=25&orderBy=id%20desc")
        request.headers.add(name: "Authorization", value: "Basic \(Data(keys.utf8).base64EncodedString())")
        request.headers.add(name: "clientId", value: "bench")
        let start = ContinuousClock.now
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        _ = try await response.body.collect(upTo: 1 << 22)
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        guard response.status == .ok else { throw Broken(what: "the simulator refuses a search: \(response.status)") }
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}

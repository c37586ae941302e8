import API
import Database
import Foundation
import NIOHTTP1
import ServerTestSupport
import SimulatedConnectWise
import SimulatorStage
import TestSupport
import Testing
import WebSupport

extension ChaosTests {
    /// What waits, such as `200:300` for 300 notes and 200 calls a minute. By hand: it takes minutes of real time, and
    /// `SharedCallBudgetTests` moves a clock instead.
    private static let drain: (budget: Int, notes: Int)? = {
        let parts = (ProcessInfo.processInfo.environment["PATCHBAY_DRAIN"] ?? "").split(separator: ":").map { Int($0) }
        guard parts.count == 2, let budget = parts[0], let notes = parts[1] else { return nil }
        return (budget, notes)
    }()

    @Test(
        "A backlog of writes to as many tickets shrinks each minute, and people still get calls",
        .enabled(if: drain != nil), arguments: [1, 2])
    func drain(servers: Int) async throws {
        let (budget, notes) = try #require(Self.drain)
        try await TestDatabase.withAddress(.postgres) { address in
            try await Installed.run(
                at: address,
                [
                    "PATCHBAY_LIMIT_POSTS": "100000", "PATCHBAY_LIMIT_SEARCHES": "100000",
                    "PATCHBAY_CONNECTWISE_BUDGET": "\(budget)",
                ]
            ) { installed in
                let psa = installed.surroundings.connectWise
                var apis: [APIClient] = []
                for _ in 0..<servers {
                    let port = try await Ports.free()
                    let server = try installed.serve(port: port)
                    apis.append(try await installed.answering(server, port: port))
                }
                let api = apis[0]
                _ = try await Connected(api)
                let tickets = try (0..<notes).map { try installed.createTicket("Ticket \($0)") }
                let cut = psa.control.script(Fault(.cutBefore, times: nil))
                try await Self.pile(notes, on: tickets, api)
                psa.control.remove(fault: cut)
                psa.control.latency = .milliseconds(100)
                try await Task.sleep(for: .seconds(66))
                let id = try await api(API.PSA.Connections.list).json["items"].elements.first?["id"].int
                let start = ContinuousClock.now
                _ = try await api(API.PSA.Connections.test, at: id ?? 0)
                var (last, refused, searched) = (0, 0, 0)
                for minute in 1...10 where last < notes {
                    while ContinuousClock.now - start < .seconds(60 * minute) {
                        searched += 1
                        if try await api(API.Tickets.search, query: "q=x").status != 200 { refused += 1 }
                        try await Task.sleep(for: .milliseconds(max(300, 400_000 / budget)))
                    }
                    let written = tickets.count { !(psa.ticket($0)?.notes.isEmpty ?? true) }
                    print(
                        "drain \(servers) servers, minute \(minute): \(written - last) of \(notes), searches \(searched), refused \(refused), most a minute \(psa.control.perMinuteMaximum)"
                    )
                    #expect(written - last >= min(notes - last, budget * 2 / 5))
                    last = written
                }
                #expect(last == notes)
                #expect(refused == 0)
            }
        }
    }

    private static func pile(_ count: Int, on tickets: [Int], _ api: APIClient) async throws {
        await withTaskGroup(of: Void.self) { group in
            for lane in 0..<24 {
                group.addTask {
                    for number in stride(from: lane, to: count, by: 24) {
                        _ = try? await api(
                            API.Tickets.addNote, at: tickets[number],
                            ["text": .text("Post \(number)."), "request_id": .text("post-\(number)")])
                    }
                }
            }
        }
    }
}

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

/// Beside the other chaos, and both engines at once: most of it is waiting, as the budget and the ticketing system want it.
@Suite("Chaos while tickets are written to", .timeLimit(.minutes(60)))
struct WriteBackChaosTests {
    /// What engineers wrote while the ticketing system was down, and how much of it arrived.
    private struct Pile {
        static let size = ProcessInfo.processInfo.environment["PATCHBAY_CHAOS_POSTS"].flatMap(Int.init) ?? 300
        /// One kill for each portion that has arrived.
        static let kills = size >= 1_000 ? 6 : 3
        /// A post takes some three calls here, most of them in the first half minute if nothing holds them back. So two
        /// for each are too few for one minute, and enough for two.
        static let budget = 2 * size
    }

    @Test(
        "Queued posts, killed in mid-drain: each arrives once, within the budget", arguments: TestDatabase.engines)
    func drained(engine: Engine) async throws {
        try await TestDatabase.withAddress(engine) { address in
            try await Installed.run(
                at: address, ["PATCHBAY_LIMIT_POSTS": "100000", "PATCHBAY_CONNECTWISE_BUDGET": "\(Pile.budget)"]
            ) { installed in
                let psa = installed.surroundings.connectWise
                let port = try await Ports.free()
                var server = try installed.serve(port: port)
                let api = try await installed.answering(server, port: port)
                _ = try await Connected(api)
                let tickets = try (0..<50).map { try installed.createTicket("Ticket \($0)") }
                let cut = psa.control.script(Fault(.cutBefore, times: nil))
                try await Self.write(Pile.size, to: tickets, api)
                #expect(psa.ticket(tickets[0])?.notes.isEmpty == true)
                psa.control.remove(fault: cut)
                // Answers that never arrive are part of it.
                psa.control.script(Fault(.cutAfter, method: "POST", path: "*/notes", times: 20))
                var kills = 0
                while kills < Pile.kills {
                    let before = Self.arrived(tickets, psa).count
                    try await Self.resume(installed.api(port: port))
                    // Where the budget is used up, the next calls are free after 65 s.
                    try await eventually(within: .seconds(180), "some to arrive") {
                        Self.arrived(tickets, psa).count >= min(before + Pile.size / 10, Pile.size)
                    }
                    // Some that are under way are written only when the next server looks for them already.
                    psa.control.script(Fault(.delay(.seconds(3)), method: "POST", path: "*/notes", times: 3))
                    try? await Task.sleep(for: .milliseconds(.random(in: 50...250)))
                    try await server.endAbruptly()
                    kills += 1
                    server = try installed.serve(port: port)
                    _ = try await installed.answering(server, port: port)
                }
                let tests = try await kills + Self.allWritten(installed.api(port: port), within: .seconds(400))
                let arrived = Self.arrived(tickets, psa)
                let texts = Set(arrived)
                #expect(texts.count == Pile.size, "lost: \(Pile.size - texts.count)")
                #expect(arrived.count == Pile.size, "doubled: \(arrived.count - texts.count)")
                // A call may arrive a moment after it was counted, and tests of the connection, of two calls each, are
                // not held back.
                #expect(psa.control.perMinuteMaximum <= Pile.budget * 11 / 10 + 2 * tests)
                print(
                    "write-back chaos on \(engine): \(kills) kills, \(arrived.count) notes for \(Pile.size) posts,",
                    "\(arrived.count - texts.count) doubled, at most \(psa.control.perMinuteMaximum) calls a minute")
            }
        }
    }

    private static func write(_ count: Int, to tickets: [Int], _ api: APIClient) async throws {
        let statuses = try await withThrowingTaskGroup { group in
            for lane in 0..<8 {
                group.addTask {
                    var statuses: [Int] = []
                    for number in stride(from: lane, to: count, by: 8) {
                        statuses.append(
                            try await api(
                                API.Tickets.addNote, at: tickets[number % tickets.count],
                                ["text": .text("Post \(number)."), "request_id": .text("post-\(number)")]
                            ).status)
                    }
                    return statuses
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        guard statuses.count == count, statuses.allSatisfy({ $0 == 202 }) else {
            throw Unexpected("not all were taken: \(Dictionary(grouping: statuses) { $0 }.mapValues(\.count))")
        }
    }

    /// The texts of all notes that the ticketing system has.
    private static func arrived(_ tickets: [Int], _ psa: ConnectWiseSimulator) -> [String] {
        tickets.flatMap { psa.ticket($0)?.notes ?? [] }.compactMap { note in
            note.firstRange(of: /Post \d+\./).map { String(note[$0]) }
        }
    }

    /// What a person does when the ticketing system is back: tests the connection, so that what waits for it goes on.
    private static func resume(_ api: APIClient) async throws {
        let id = try await api(API.PSA.Connections.list).json["items"].elements.first?["id"].int ?? 0
        _ = try await api(API.PSA.Connections.test, at: id)
    }

    /// Waits until all are written.
    /// - Returns: how often it tested the connection meanwhile.
    private static func allWritten(_ api: APIClient, within limit: Duration) async throws -> Int {
        let start = ContinuousClock.now
        var tests = 0
        while true {
            let left = try await api(API.Posts.list, query: "state=queued&limit=200").json["items"].elements
            if left.isEmpty { break }
            let passed = ContinuousClock.now - start
            guard passed < limit else { throw Unexpected("\(left.count) posts still wait: \(left.prefix(3))") }
            if passed >= Duration.seconds(20) * tests {
                try await resume(api)
                tests += 1
            }
            try await Task.sleep(for: .seconds(1))
        }
        let failed = try await api(API.Posts.list, query: "state=failed&limit=5").json["items"].elements
        guard failed.isEmpty else { throw Unexpected("some failed: \(failed)") }
        return tests
    }
}

import Database
import Foundation
import ServerTestSupport
import SimulatedConnectWise
import SimulatedWebex
import SimulatorStage
import TestSupport
import Testing

extension ChaosTests {
    /// How many tickets change at once; `make chaos` sets 20,000.
    private static let backlog = ProcessInfo.processInfo.environment["PATCHBAY_CHAOS_BACKLOG"].flatMap(Int.init) ?? 600

    /// An installation whose database can be stopped, where it is one that can.
    private func withStage(
        _ engine: Engine, _ body: (Installed, OwnPostgres?) async throws -> Void
    ) async throws {
        switch engine {
        case .sqlite:
            try await TestDatabase.withAddress(engine) { address in
                try await Installed.run(at: address) { try await body($0, nil) }
            }
        case .postgres:
            try await OwnPostgres.run { postgres in
                try await Installed.run(at: postgres.address) { try await body($0, postgres) }
            }
        }
    }

    @Test(
        "Thousands of tickets change at once while Webex and ConnectWise refuse, the server is killed and the database is stopped",
        arguments: TestDatabase.engines)
    func backlog(engine: Engine) async throws {
        try await withStage(engine) { installed, postgres in
            let port = try await Ports.free()
            var server = try installed.serve(port: port)
            let ledger = Ledger(
                installed, hookKey: try await Self.connect(try await installed.answering(server, port: port)))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        while ledger.tickets.count < Self.backlog {
                            // Like ConnectWise, which asks again for what was not taken.
                            if try await ledger.tell(ports: [port]) != 200 {
                                try await Task.sleep(for: .milliseconds(50))
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let messages = { installed.surroundings.webex.messages.count }
            func goesOn(_ what: String) async throws {
                let before = messages()
                // Two for each ticket.
                guard before < Self.backlog * 2 else { return }
                try await eventually(within: .seconds(90), "more to be told after \(what)") { messages() > before }
            }
            let (webex, connectWise) = (
                installed.surroundings.webex.control, installed.surroundings.connectWise.control
            )
            try await goesOn("the burst")
            webex.script(Fault(.answer(status: 429, retryAfter: 2), path: "/v1/messages", times: 20))
            try await goesOn("Webex refused")
            connectWise.script(Fault(.answer(status: 429, retryAfter: 2), times: 5))
            try await goesOn("ConnectWise refused")
            var cuts = [Date()]
            try await server.endAbruptly()
            server = try installed.serve(port: port)
            _ = try await installed.answering(server, port: port)
            try await goesOn("the kill")
            if let postgres {
                cuts.append(Date())
                try await postgres.stop()
                try await Task.sleep(for: .seconds(1))
                try await postgres.start()
                try await goesOn("the stop of the database")
            }
            try await ledger.allTold(within: .seconds(150 + Self.backlog / 20))
            let balance = ledger.balance()
            #expect(balance.doubledPersons.isEmpty, "\(balance)")
            // What Webex had taken when we were killed, and we had not written down: at most what runs at once. That the
            // database is away doubles nothing.
            #expect(balance.doubledRooms.count <= 256, "\(balance.doubledRooms.count)")
            for message in balance.doubledRooms {
                #expect((-1...2).contains(cuts[0].timeIntervalSince(message.accepted)), "\(message.accepted), \(cuts)")
            }
            #expect(Set(ledger.answers.keys).isSubset(of: [200, 429]), "\(ledger.answers)")
            print(
                "backlog on \(engine): \(ledger.tickets.count) tickets, \(balance.doubledRooms.count) rooms told twice")
        }
    }
}

import API
import Database
import Foundation
import NIOHTTP1
import ServerTestSupport
import TestSupport
import Testing

extension ChaosTests {
    @Test(
        "PostgreSQL is restarted while callbacks arrive: 429, then 200 without restarting the server",
        .enabled(if: TestDatabase.engines.contains(.postgres)))
    func databaseRestarts() async throws {
        try await OwnPostgres.run { postgres in
            try await Installed.run(at: postgres.address) { installed in
                let port = try await Ports.free()
                let server = try installed.serve(port: port)
                let api = try await installed.answering(server, port: port)
                let ledger = Ledger(installed, hookKey: try await Self.connect(api))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await ledger.tellOnAndOn(ports: [port]) }
                    for _ in 0..<3 {
                        let accepted = ledger.tickets.count
                        try await eventually("hooks to be accepted") { ledger.tickets.count >= accepted + 20 }
                        let refused = ledger.answers[429] ?? 0
                        try await postgres.stop()
                        try await eventually("hooks to be refused") { (ledger.answers[429] ?? 0) >= refused + 5 }
                        #expect(try await api(.GET, "/readiness").status == 503)
                        #expect(try await api(.GET, "/healthcheck").status == 200)
                        #expect(try await api(API.Config.show).status == 503)
                        try await postgres.start()
                        let before = ledger.tickets.count
                        try await eventually(within: .seconds(60), "hooks to be accepted again") {
                            ledger.tickets.count > before
                        }
                    }
                    group.cancelAll()
                    try await group.waitForAll()
                }
                #expect(server.isRunning)
                // A 5xx would be a lost event: ConnectWise does not repeat it.
                #expect(Set(ledger.answers.keys) == [200, 429], "\(ledger.answers)")
                try await ledger.allTold(within: .seconds(150))
                let balance = ledger.balance()
                #expect(balance.doubledPersons.isEmpty, "\(balance)")
                #expect(balance.doubledRooms.isEmpty, "\(balance)")
                #expect(try await api(.GET, "/readiness").status == 200)
            }
        }
    }

    @Test("The disk is full: 429, then 200 without a restart, and nothing accepted is lost")
    func diskFull() async throws {
        try await TestDatabase.withAddress(.sqlite) { address in
            try await Installed.run(at: address) { installed in
                let port = try await Ports.free()
                // No file may grow beyond 2 MiB; without the trap the process would be ended by the signal.
                let server = try installed.serve(
                    port: port, shell: #"trap '' XFSZ; ulimit -S -f 2048; exec "$@""#)
                let api = try await installed.answering(server, port: port)
                let ledger = Ledger(installed, hookKey: try await Self.connect(api))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await ledger.tellOnAndOn(ports: [port]) }
                    try await eventually(within: .seconds(180), "the disk to be full") {
                        (ledger.answers[429] ?? 0) >= 20
                    }
                    let lift = try ChildProcess(
                        URL(filePath: "/usr/bin/prlimit"), ["--pid", "\(server.id)", "--fsize=unlimited:unlimited"])
                    #expect(try await lift.ended() == .exited(0), "\(lift.text)")
                    let before = ledger.tickets.count
                    try await eventually(within: .seconds(60), "hooks to be accepted again") {
                        ledger.tickets.count > before
                    }
                    group.cancelAll()
                    try await group.waitForAll()
                }
                #expect(server.isRunning)
                #expect(Set(ledger.answers.keys) == [200, 429], "\(ledger.answers)")
                try await ledger.allTold(within: .seconds(150))
                let balance = ledger.balance()
                #expect(balance.doubledPersons.isEmpty, "\(balance)")
                #expect(balance.doubledRooms.isEmpty, "\(balance)")
            }
        }
    }
}

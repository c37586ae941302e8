import Foundation
import SimulatedWorld
import Synchronization
import Testing

@testable import SimulatedConnectWise
@testable import SimulatorStage

@Suite struct WorldTests {
    @Test func theSameSeedGivesTheSameWorld() {
        let now = Instant(seconds: 1_795_000_000)
        func tickets(_ seed: UInt64) -> [TicketState] {
            let ledger = World(seed: seed).ledger(apiMember: "api", now: now)
            return ledger.tickets.ids.compactMap { ledger.state(of: $0) }
        }
        #expect(tickets(1) == tickets(1))
        #expect(tickets(1) != tickets(2))
    }

    @Test func theWorldIsWhole() {
        let now = Instant(seconds: 1_795_000_000)
        let ledger = World().ledger(apiMember: "api", now: now)
        #expect(ledger.boards.count == 5)
        #expect(ledger.companies.count == 25)
        #expect(ledger.members.count == 13)
        #expect(ledger.tickets.count == 240)
        #expect(ledger.notes.count > 200)
        #expect(ledger.time.count > 50)
        for ticket in ledger.tickets.all {
            #expect(ticket.summary.count <= 100)
            #expect(ledger.statuses[ticket.statusID]?.boardID == ticket.boardID)
            #expect(ledger.contacts[ticket.contactID ?? 0]?.companyID == ticket.companyID)
            #expect(ticket.stamp.updated <= now)
            #expect(!ticket.closed || ticket.resources.isEmpty)
        }
        #expect(World.staff.allSatisfy { $0.identifier.count <= 15 })
        #expect(ledger.contacts.all.allSatisfy { $0.phone.count <= 20 })
    }

    @Test func aShiftDoesEverything() throws {
        let simulator = ConnectWiseSimulator()
        let shift = Shift(at: simulator, seed: 3)
        for kind in Shift.Kind.allCases {
            let happening = try shift.step(kind)
            #expect(happening.kind == kind)
            #expect(happening.description.hasPrefix("#\(happening.ticket) "))
        }
        let closed = try shift.step(.closing)
        #expect(simulator.ticket(closed.ticket)?.closed == true)
        for _ in 0..<200 { try shift.step() }
    }

    @Test func theSameSeedGivesTheSameShift() throws {
        let start = Date(timeIntervalSince1970: 1_795_000_000)
        func shift() throws -> [String] {
            var options = ConnectWiseOptions()
            options.now = { start }
            let shift = Shift(at: ConnectWiseSimulator(options: options), seed: 5)
            return try (0..<40).map { _ in try shift.step().description }
        }
        let first = try shift()
        #expect(try shift() == first)
    }

    @Test func aShiftRunsByItself() async throws {
        let told = Watched<[String]>([])
        let simulator = ConnectWiseSimulator()
        let before = simulator.ledger.read { $0.revision }
        let shift = Shift(at: simulator, pace: .milliseconds(1)) { happening in
            told.change { $0.append(happening.description) }
        }
        try await running(shift) {
            _ = try await told.first("ten happenings", within: .seconds(120)) { $0.count >= 10 ? true : nil }
        }
        #expect(simulator.ledger.read { $0.revision } >= before + 10)
    }

    @Test func certificatesAreMade() throws {
        let made = try SelfSigned(host: "simulator.example")
        #expect(made.authorityPEM.hasPrefix("-----BEGIN CERTIFICATE-----"))
        _ = try made.serverConfiguration()
    }
}

import Foundation
import ServiceLifecycle
import SimulatedWorld
import SimulatorStage
import Synchronization

/// A shift at the service desk: things that happen to tickets one after the other, at a pace that can be watched.
///
/// The same seed on the same world gives the same shift. Each ``step(_:)`` does one thing and returns it in words; as a
/// `Service` the shift takes steps on its own.
public final class Shift: Service {
    /// What can happen.
    public enum Kind: String, Sendable, CaseIterable {
        /// A customer reports something new.
        case newTicket
        /// A customer answers on an open ticket.
        case customerNote
        /// An engineer writes to the customer.
        case engineerNote
        /// An engineer writes for colleagues.
        case internalNote
        /// An engineer logs time.
        case timeEntry
        /// The dispatcher assigns an engineer.
        case assignment
        /// Someone moves the ticket to another status.
        case statusChange
        /// An engineer closes a ticket.
        case closing
        /// A customer's answer opens a closed ticket again.
        case reopening
    }

    /// One thing that happened.
    public struct Happening: Sendable {
        /// What kind of thing.
        public let kind: Kind
        /// The ticket it happened to.
        public let ticket: Int
        /// What happened, for people: who, what, which ticket.
        public let description: String
    }

    /// How often each kind happens, in parts of their sum.
    private static let odds: [(Kind, Int)] = [
        (.newTicket, 5), (.customerNote, 5), (.engineerNote, 5), (.internalNote, 2), (.timeEntry, 2), (.assignment, 4),
        (.statusChange, 2), (.closing, 2), (.reopening, 1),
    ]

    private let simulator: ConnectWiseSimulator
    private let pace: Duration
    private let clock: any Clock<Duration>
    private let random: Mutex<SeededRandom>
    private let told: @Sendable (Happening) -> Void

    /// A shift on `simulator`: as a service one step every `pace` (a fifth more or less) of `clock`, each told to `told`.
    public init(
        at simulator: ConnectWiseSimulator, seed: UInt64 = 7, pace: Duration = .seconds(4),
        clock: any Clock<Duration> = ContinuousClock(), told: @escaping @Sendable (Happening) -> Void = { _ in }
    ) {
        self.simulator = simulator
        self.pace = pace
        self.clock = clock
        self.told = told
        random = Mutex(SeededRandom(seed: seed))
    }

    /// Takes steps until graceful shutdown or cancellation.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let tenths = self.random.withLock { Int.random(in: 8...12, using: &$0) }
                do { try await self.clock.sleep(for: self.pace * tenths / 10) } catch { return }
                // A step that finds no ticket to act on is skipped: the next will.
                if let happening = try? self.step() { self.told(happening) }
            }
        }
    }

    /// Does one thing, of the given kind or of one that chance picks.
    ///
    /// Throws ``NotInThisWorld`` if the world has no ticket for it.
    @discardableResult
    public func step(_ kind: Kind? = nil) throws -> Happening {
        var random = random.withLock { random in
            // A step draws from its own stream, so that a concurrent one cannot disturb it.
            SeededRandom(seed: random.next())
        }
        let kind = kind ?? Self.chance(&random)
        let staff = World.staff
        let engineer = staff[Int.random(in: 2..<staff.count, using: &random)]
        if kind == .newTicket { return try newTicket(&random) }
        let ticket = try pick(kind, &random)
        switch kind {
        case .newTicket, .customerNote:
            try simulator.addNote(random.pick(Phrases.fromCustomers, or: ""), to: ticket.id, as: .customer)
            return happening(kind, ticket, "\(ticket.contact ?? "The customer") of \(ticket.company) answered")
        case .engineerNote:
            try simulator.addNote(
                random.pick(Phrases.fromEngineers, or: ""), to: ticket.id, as: .member(engineer.identifier))
            return happening(kind, ticket, "\(engineer.name) wrote to the customer")
        case .internalNote:
            try simulator.addNote(
                random.pick(Phrases.internalNotes, or: ""), to: ticket.id, kind: .internal,
                as: .member(engineer.identifier))
            return happening(kind, ticket, "\(engineer.name) wrote an internal note")
        case .timeEntry:
            let quarters = Int.random(in: 1...8, using: &random)
            try simulator.addTime(
                random.pick(Phrases.timeTexts, or: ""), hours: Double(quarters) / 4, to: ticket.id,
                as: engineer.identifier)
            return happening(kind, ticket, "\(engineer.name) logged \(Double(quarters) / 4) h")
        case .assignment:
            try simulator.assign(engineer.identifier, to: ticket.id)
            return happening(kind, ticket, "Daniel Okafor assigned \(engineer.name)")
        case .statusChange:
            let status = random.pick(["In Progress", "Waiting on Client", "Scheduled"], or: "In Progress")
            try simulator.update(ticket.id, status: status, as: .member(engineer.identifier))
            return happening(kind, ticket, "\(engineer.name) moved it to \(status)")
        case .closing:
            try simulator.addNote(
                random.pick(Phrases.fromEngineers, or: ""), to: ticket.id, kind: .resolution,
                as: .member(engineer.identifier))
            try simulator.update(ticket.id, status: "Closed", as: .member(engineer.identifier))
            return happening(kind, ticket, "\(engineer.name) closed it")
        case .reopening:
            try simulator.update(ticket.id, status: "Re-opened", as: .customer)
            try simulator.addNote(random.pick(Phrases.fromCustomers, or: ""), to: ticket.id, as: .customer)
            return happening(kind, ticket, "\(ticket.contact ?? "The customer") of \(ticket.company) opened it again")
        }
    }

    private static func chance(_ random: inout SeededRandom) -> Kind {
        var drawn = Int.random(in: 0..<odds.reduce(0) { $0 + $1.1 }, using: &random)
        for (kind, weight) in odds {
            drawn -= weight
            if drawn < 0 { return kind }
        }
        return .newTicket
    }

    private func newTicket(_ random: inout SeededRandom) throws -> Happening {
        let board = Int.random(in: 0..<World.boards.count, using: &random)
        let customer = World.customers[Int.random(in: 0..<World.customers.count, using: &random)]
        let summary = random.pick(Phrases.summaries[board], or: "Help")
        let id = try simulator.createTicket(
            summary, board: World.boards[board], company: customer.name,
            text: random.pick(Phrases.firstWords, or: ""), as: .customer)
        return Happening(
            kind: .newTicket, ticket: id,
            description: "#\(id) \(summary): new from \(customer.name) on \(World.boards[board])")
    }

    /// One of the newest tickets that fit, so that what is watched stays together.
    private func pick(_ kind: Kind, _ random: inout SeededRandom) throws -> TicketState {
        // Those that somebody directs from outside are left to him.
        let directed = simulator.ledger.read(\.directed)
        let recent = simulator.ticketIDs.filter { !directed.contains($0) }.suffix(60)
            .compactMap { simulator.ticket($0) }
            .filter { $0.closed == (kind == .reopening) && $0.contact != nil }
        guard let ticket = recent.suffix(15).randomElement(using: &random) else {
            throw NotInThisWorld("no ticket for \(kind.rawValue)")
        }
        return ticket
    }

    private func happening(_ kind: Kind, _ ticket: TicketState, _ what: String) -> Happening {
        Happening(kind: kind, ticket: ticket.id, description: "#\(ticket.id) \(ticket.summary): \(what)")
    }
}

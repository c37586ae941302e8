import API
import Accounts
import Database
import Foundation
import Sealing
import Synchronization
import TestSupport
import Testing
import Tickets

@testable import Connections
@testable import Jobs
@testable import Notifications
@testable import Ticketing

/// Hooks, lost ones and repeated ones, syncs, catch-ups, crashes and failures in any order: at the end the messages are those
/// of a run in which everything went well.
@Suite("Whatever the order", .timeLimit(.minutes(20)))
struct InterleavingTests {
    @Test("The messages are those of an ideal run", arguments: TestDatabase.engines, 0..<20)
    func ideal(engine: Engine, seed: Int) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            let run = try await Run(database, seed: UInt64(seed))
            for _ in 0..<90 { try await run.step() }
            try await run.settle()
            try await run.check(seed: seed)
        }
    }
}

// MARK: The world

private let staff = ["anna", "ben", "carla"]
private let room = "room-1"

private final class World: PSAProvider, Messenger, CallbackVerifier {
    struct Note: Sendable {
        let number: Int
        let ticket: Int
        let author: String?
        let at: Date
    }

    struct Sent: Sendable, Equatable {
        let id: String
        let place: String
        let text: String
        let at: Date
    }

    private struct State {
        var dice: Dice
        var clock = instant
        var tickets: [Int: Ticketing.Ticket] = [:]
        var notes: [Note] = []
        var sent: [Sent] = []
        /// How many messages may be there twice: accepted, but the answer was lost.
        var unanswered = 0
        var fails = true
    }

    private let state: Mutex<State>

    init(seed: UInt64) { state = Mutex(State(dice: Dice(seed: seed))) }

    var now: Date { state.withLock { $0.clock } }
    var ticketNumbers: [Int] { state.withLock { $0.tickets.keys.sorted() } }
    var notes: [Note] { state.withLock { $0.notes } }
    var sent: [Sent] { state.withLock { $0.sent } }
    var unanswered: Int { state.withLock { $0.unanswered } }
    func owner(of ticket: Int) -> String? { state.withLock { $0.tickets[ticket]?.owner } }
    func stopFailing() { state.withLock { $0.fails = false } }
    func pass(_ seconds: Double) { state.withLock { $0.clock.addTimeInterval(seconds) } }
    func doubled() { state.withLock { $0.unanswered += 1 } }

    private func second(_ state: State) -> Date {
        Date(timeIntervalSince1970: state.clock.timeIntervalSince1970.rounded(.down))
    }

    func enter(owner: String) {
        state.withLock { state in
            let number = 100 + state.tickets.count
            let at = second(state)
            state.tickets[number] = Ticket(
                id: .init("\(number)"), summary: "Ticket\(number)x", board: .init(id: "1", name: "Support"),
                status: .init(id: "1", name: "New"), owner: owner, enteredAt: at, updatedAt: at, updatedBy: "zoe")
        }
    }

    func write(by author: String?, on ticket: Int) {
        state.withLock { state in
            let at = second(state)
            state.notes.append(Note(number: state.notes.count + 1, ticket: ticket, author: author, at: at))
            state.tickets[ticket]?.updatedAt = at
            state.tickets[ticket]?.updatedBy = author ?? "zoe"
        }
    }

    private func fails() -> PSAError? {
        state.withLock { state in
            guard state.fails, state.dice.happens(12) else { return nil }
            return state.dice.happens(50) ? .server("broken") : .timeOut(maybeDone: true)
        }
    }

    // The ticketing system

    func test() async throws(PSAError) {}

    func ticket(_ id: Ticketing.Ticket.ID) async throws(PSAError) -> Ticketing.Ticket? {
        if let error = fails() { throw error }
        return state.withLock { $0.tickets[Int(id.rawValue) ?? 0] }
    }

    func activity(of ticket: Ticketing.Ticket.ID, after cursor: String?) async throws(PSAError) -> TicketActivity {
        if let error = fails() { throw error }
        let seen = cursor.flatMap { Int($0) } ?? 0
        let notes = state.withLock { $0.notes.filter { "\($0.ticket)" == ticket.rawValue && $0.number > seen } }
        return TicketActivity(
            notes: notes.map { note in
                TicketNote(
                    id: "n\(note.number)", kind: .note, author: note.author, authorIdentifier: note.author,
                    text: "Note\(note.number)x", isInternal: false, createdAt: note.at)
            }, cursor: "\(notes.last?.number ?? seen)")
    }

    func members(_ identifiers: [String]) async throws(PSAError) -> [Member] {
        if let error = fails() { throw error }
        return identifiers.map {
            Member(id: .init($0), identifier: $0, name: $0, email: "\($0)@msp.example", isInactive: false)
        }
    }

    func boardNames() async throws(PSAError) -> [Board] { [Board(id: "1", name: "Support", isInactive: false)] }
    func openTicketCount(on boards: [Board.ID]) async throws(PSAError) -> Int { state.withLock { $0.tickets.count } }

    func openTickets(on boards: [Board.ID], after position: String?) async throws(PSAError) -> ListPage<
        Ticketing.Ticket
    > {
        try page(after: position) { _ in true }
    }

    func tickets(changedSince since: Date, after position: String?) async throws(PSAError) -> ListPage<Ticketing.Ticket>
    {
        try page(after: position) { $0.updatedAt.map { $0 >= since } ?? false }
    }

    private func page(
        after position: String?, _ isWanted: (Ticketing.Ticket) -> Bool
    ) throws(PSAError) -> ListPage<Ticketing.Ticket> {
        if let error = fails() { throw error }
        let after = position.flatMap { Int($0) } ?? 0
        let found = state.withLock { state in
            state.tickets.sorted { $0.key < $1.key }.filter { $0.key > after && isWanted($0.value) }.prefix(3)
        }
        return ListPage(found.map(\.value), next: found.count == 3 ? found.last.map { "\($0.key)" } : nil)
    }

    func members(after position: String?) async throws(PSAError) -> ListPage<Member> { ListPage([], next: nil) }
    var changeOverlap: Duration { .seconds(300) }
    func keepCallback(_ callback: CallbackAddress) async throws(PSAError) -> CallbackUpkeep { CallbackUpkeep() }
    func link(to ticket: Ticketing.Ticket.ID) -> String { "https://psa.example/\(ticket)" }
    func verify(body: Data, signature: String, keyURL: String, isAddressed: Bool) async -> CallbackVerdict {
        .genuine
    }

    // The chat system

    let longestMessage = 7_000
    func identity() async throws(MessengerError) -> BotIdentity { BotIdentity(name: "Bot", email: nil) }
    func rooms() async throws(MessengerError) -> [ChatRoom] { [ChatRoom(id: room, title: "Room")] }
    func accounts(email: String) async throws(MessengerError) -> [ChatAccount]? { nil }

    func send(
        _ message: ChatMessage, to address: ChatAddress, under parent: String?
    ) async throws(MessengerError) -> String {
        let result: Result<String, MessengerError> = state.withLock { state in
            if state.fails, state.dice.happens(10) {
                return .failure(.failed("broken", trackingID: nil, maybeSent: false))
            }
            let place =
                switch address {
                case .room(let id): id
                case .person(let email): email
                }
            let sent = Sent(id: "m\(state.sent.count)", place: place, text: message.markdown, at: state.clock)
            state.sent.append(sent)
            guard state.fails, state.dice.happens(8) else { return .success(sent.id) }
            state.unanswered += 1
            return .failure(.failed("cut", trackingID: nil, maybeSent: true))
        }
        return try result.get()
    }

    func find(_ markdown: String, sentTo person: String, since: Date) async throws(MessengerError) -> [String] {
        state.withLock { $0.sent.filter { $0.place == person && $0.text == markdown }.map(\.id) }
    }
}

// MARK: A run

private actor Run {
    private let world: World
    private let database: Database
    private let queue = JobQueue()
    private let psa: PSAConnection
    private let organization: Organization.ID
    private let handlers: [JobKind: any JobHandler]
    private let syncs: SyncEngine
    private var dice: Dice

    init(_ database: Database, seed: UInt64) async throws {
        let world = World(seed: seed)
        (self.world, self.database, dice) = (world, database, Dice(seed: seed &+ 99))
        let now: @Sendable () -> Date = { world.now }
        let sealer = try Sealer([Secret.generate()])
        let tickets = PSAConnections(database: database, sealer: sealer, factory: { _ in (world, world) }, now: now)
        let chats = ChatConnectionStore(database: database, sealer: sealer, factory: { _ in world }, now: now)
        let organization: Organization.ID = try await database.write { db in
            try db.one("INSERT INTO organizations (name, created_at) VALUES ('MSP', 0) RETURNING id")
        }
        self.organization = organization
        psa = try await tickets.create(
            PSAConnectionDraft(
                name: "PSA", site: "psa.example", company: "acme",
                credentials: PSACredentials(publicKey: "a", privateKey: "b", clientID: "c")), for: organization)
        let chat = try await chats.create(
            ChatConnectionDraft(name: "Bot", url: "https://chat.example", token: "t"), for: organization)
        let schedule = SyncSchedule([:])
        let plans = TicketSyncs.plans + [RecipientSync.plan]
        syncs = SyncEngine(
            database: database, queue: queue, plans: plans, schedule: schedule, logger: TestDatabase.logger, now: now)
        let runners =
            TicketSyncs(
                database: database, connections: tickets, publicURL: "https://patchbay.example", pace: .zero,
                catchUpInterval: nil, now: now
            ).runners + [RecipientSync(database: database, tickets: tickets, chats: chats, now: now).runner]
        let all: [any JobHandler] = [
            TicketRefresh(
                database: database, connections: tickets, listeners: [NotificationPlanner.listener], now: now),
            Deliverer(database: database, connections: chats, tickets: tickets, now: now),
            SyncJob(database: database, plans: plans, runners: runners, schedule: schedule, now: now),
        ]
        handlers = Dictionary(uniqueKeysWithValues: all.map { (type(of: $0).kind, $0) })
        let psaID = psa.id
        try await database.write { db in
            try Directory.storeNames(
                [Board(id: "1", name: "Support", isInactive: false)], of: psaID, now: world.now, in: db)
            try RecipientStore.store([ChatRoom(id: room, title: "Room")], of: chat.id, now: world.now, in: db)
            let recipient: Recipient.ID = try db.one("SELECT id FROM recipients")
            _ = try RuleStore.create(
                RuleDraft(board: "1", recipient: recipient, updates: .notes), for: organization, now: world.now, in: db)
        }
    }

    /// One thing happens.
    func step() async throws {
        // Often nothing passes, so that changes share a second.
        if dice.happens(70) { world.pass(Double.random(in: 0.2...40, using: &dice)) }
        let tickets = world.ticketNumbers
        switch Int.random(in: 0..<100, using: &dice) {
        case 0..<18: world.enter(owner: staff.randomElement(using: &dice) ?? "anna")
        case 18..<40:
            guard let ticket = tickets.randomElement(using: &dice) else { return }
            world.write(by: dice.happens(40) ? staff.randomElement(using: &dice) : nil, on: ticket)
        case 40..<60:
            // A hook, perhaps several times, about anything that ever happened.
            guard let ticket = tickets.randomElement(using: &dice) else { return }
            for _ in 0...Int.random(in: 0...2, using: &dice) { try await hook(ticket) }
        case 60..<65: _ = try await syncs.request([.tickets], of: organization)
        case 65..<73: _ = try await syncs.request([.catchUp], of: organization)
        default: try await work(crashes: dice.happens(25))
        }
    }

    private func hook(_ ticket: Int) async throws {
        let (queue, psa, now) = (queue, psa.id, world.now)
        try await database.write { db in
            try queue.enqueue([TicketRefresh.job(.init("\(ticket)"), of: psa, now: now)], now: now, in: db)
        }
    }

    /// Some jobs are done; a crash loses what they came to, though not what they did outside.
    @discardableResult
    private func work(crashes: Bool = false) async throws -> Int {
        let (queue, now) = (queue, world.now)
        let limit = Int.random(in: 1...6, using: &dice)
        let jobs = try await database.write { db in
            try queue.claim(worker: "w", limit: limit, lease: .seconds(30), now: now, in: db).jobs
        }
        for job in jobs {
            guard let handler = handlers[job.kind] else { continue }
            let before = world.sent.count
            let outcome = await handler.runAny(job)
            if crashes, dice.happens(50) {
                if world.sent.count > before { world.doubled() }
                break
            }
            let settlement = JobQueue.Settlement(job: job, outcome: outcome, schedule: handler.schedule, jitter: 0)
            _ = try await database.write { try queue.settle([settlement], now: now, in: $0) }
        }
        if crashes { _ = try await database.write { try queue.rescue(everything: true, now: now, in: $0) } }
        return jobs.count
    }

    /// Everything works again, and there is time for all that is left.
    func settle() async throws {
        world.stopFailing()
        for _ in 0..<3 {
            try await drain()
            world.pass(400)
            _ = try await syncs.request([.catchUp], of: organization)
            try await drain()
        }
    }

    private func drain() async throws {
        var idle = 0
        while idle < 2 {
            while try await work() > 0 { idle = 0 }
            // What waits to be tried again.
            world.pass(7_300)
            idle += 1
        }
    }

    /// Compares what was sent with what had to be.
    func check(seed: Int) async throws {
        let psa = psa.id
        let announced = try await database.read { db in
            try db.all(
                "SELECT ticket_id, created_at FROM ticket_events WHERE kind = 'created' AND connection_id = \(psa)"
            ).map { row in (try row["ticket_id"] as String, try row["created_at"] as Date) }
        }
        let times = Dictionary(uniqueKeysWithValues: announced)
        var doubled = 0
        /// How often a place was told something.
        func told(_ place: String, _ sentence: (String) -> Bool) -> Int {
            world.sent.count { $0.place == place && sentence($0.text) }
        }
        func expect(_ count: Int, at place: String, _ what: String) {
            #expect(count >= 1, "\(what) is missing at \(place), seed \(seed)")
            // A person's conversation is read before anything is sent again; a room's cannot be.
            if place == room { doubled += max(0, count - 1) } else { #expect(count <= 1, "\(what) at \(place)") }
        }
        for ticket in world.ticketNumbers {
            let owner = "\(world.owner(of: ticket) ?? "")@msp.example"
            for place in [room, owner] {
                expect(
                    told(place) { $0.hasPrefix("**New ticket**") && $0.contains("Ticket\(ticket)x") }, at: place,
                    "ticket \(ticket)")
            }
            for note in world.notes where note.ticket == ticket {
                let isTold: (String) -> Bool = { !$0.hasPrefix("**New ticket**") && $0.contains("Note\(note.number)x") }
                let moment = try #require(times["\(ticket)"])
                if note.at < moment.addingTimeInterval(-1) {
                    // It was there when the ticket was announced.
                    #expect(told(room, isTold) == 0, "note \(note.number), seed \(seed)")
                    #expect(told(owner, isTold) == 0, "note \(note.number), seed \(seed)")
                } else if note.at > moment {
                    expect(told(room, isTold), at: room, "note \(note.number)")
                    if "\(note.author ?? "")@msp.example" == owner {
                        #expect(told(owner, isTold) == 0, "the author is told of note \(note.number), seed \(seed)")
                    } else {
                        expect(told(owner, isTold), at: owner, "note \(note.number)")
                    }
                }
            }
        }
        #expect(doubled <= world.unanswered, "seed \(seed)")
        #expect(world.notes.count > 5)
        #expect(world.ticketNumbers.count > 5)
    }
}

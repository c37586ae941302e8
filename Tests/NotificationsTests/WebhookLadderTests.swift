import API
import Accounts
import Database
import Foundation
import Sealing
import TestSupport
import Testing
import Tickets

@testable import Jobs
@testable import Notifications
@testable import Ticketing

/// An endpoint that always fails, or says that it is gone, in virtual time.
@Suite("A webhook that takes nothing")
struct WebhookLadderTests {
    /// Answers each message with the same error and notes when it came.
    private struct Refusing: Messenger {
        let error: MessengerError
        let now: @Sendable () -> Date
        let seen: MutexBox<[Date]>

        let longestMessage = 1_000
        let retries = RetrySchedule.webhook
        let disabledAfter: Duration? = .hours(120)
        func identity() async throws(MessengerError) -> BotIdentity { BotIdentity(name: "Endpoint", email: nil) }
        func send(
            _ message: ChatMessage, to address: ChatAddress, under parent: String?
        ) async throws(MessengerError) -> String {
            seen.change { $0.append(now()) }
            throw error
        }
        func find(_ markdown: String, sentTo person: String, since: Date) async throws(MessengerError) -> [String] {
            []
        }
        func rooms() async throws(MessengerError) -> [ChatRoom] { [] }
        func accounts(email: String) async throws(MessengerError) -> [ChatAccount]? { nil }
    }

    private struct Place {
        let database: Database
        let queue = JobQueue()
        let clock = MutexBox(instant)
        let seen = MutexBox<[Date]>([])
        let stage: Stage
        let room: Recipient.ID
        let handler: Deliverer

        init(_ database: Database, failing error: MessengerError) async throws {
            self.database = database
            let clock = clock
            let now: @Sendable () -> Date = { clock.value }
            let sealer = try Sealer([Secret.generate()])
            let messenger = Refusing(error: error, now: now, seen: seen)
            let tickets = PSAConnections(
                database: database, sealer: sealer, factory: { _ in (NobodyCalls(), NobodyCalls()) })
            let chats = ChatConnectionStore(database: database, sealer: sealer, factory: { _ in messenger })
            let (stage, room) = try await database.write { db in
                let stage = try Stage(in: db)
                let sealed = try sealer.seal("x", for: "chat_connection:\(stage.chat)")
                try db.execute(
                    "UPDATE chat_connections SET provider = 'webhook', sealed_token = \(sealed) WHERE id = \(stage.chat)"
                )
                let keys = try sealer.seal(
                    #"{"publicKey":"a","privateKey":"b","clientID":"c"}"#, for: "psa_connection:\(stage.psa)")
                try db.execute("UPDATE psa_connections SET sealed_credentials = \(keys) WHERE id = \(stage.psa)")
                return (stage, try stage.rooms(["endpoint"], in: db)[0])
            }
            (self.stage, self.room) = (stage, room)
            handler = Deliverer(database: database, connections: chats, tickets: tickets, now: now)
        }

        /// Plans a message now.
        func happen(_ subject: String) async throws {
            let (queue, stage, now, room) = (queue, stage, clock.value, room)
            try await database.write { db in
                let event = TicketEvent(kind: .noteAdded, subject: subject, details: event(.noteAdded).details)
                let plan = DeliveryPlan(
                    event: event, rules: [try rule(recipient: Int(room.rawValue), updates: .all)], assigned: [],
                    settings: .init())
                let news = try EventStore.insert(
                    [.init(event: event, ticket: ticket(), members: [:], instant: now)], of: stage.connection(in: db),
                    in: db)
                let jobs = try DeliveryStore.insert(news.map { .init(news: $0, plan: plan) }, in: db)
                try queue.enqueue(jobs, now: now, in: db)
            }
        }

        /// Lets time pass from one try to the next until nothing is left to do.
        func exhaust() async throws {
            while true {
                let (queue, now) = (queue, clock.value)
                let claimed = try await database.write { db in
                    try queue.claim(worker: "w", limit: 10, lease: .seconds(30), now: now, in: db)
                }
                for job in claimed.jobs {
                    let settlement = JobQueue.Settlement(
                        job: job, outcome: await handler.runAny(job), schedule: handler.schedule, jitter: 0)
                    _ = try await database.write { try queue.settle([settlement], now: now, in: $0) }
                }
                guard claimed.jobs.isEmpty else { continue }
                guard let next = claimed.nextDue else { return }
                clock.change { $0 = next }
            }
        }

        func deliveries() async throws -> [String] {
            try await database.read { db in
                try db.all("SELECT state FROM deliveries ORDER BY id").map { row -> String in try row["state"] }
            }
        }

        func chat() async throws -> ChatConnection? {
            let id = stage.chat
            return try await database.read { try $0.first("SELECT * FROM chat_connections WHERE id = \(id)") }
        }
    }

    @Test("It is tried by the published ladder for 76 hours, then given up", arguments: TestDatabase.engines)
    func ladder(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            let place = try await Place(
                database, failing: .failed("500", trackingID: nil, maybeSent: false))
            try await place.happen("n1")
            try await place.exhaust()
            let waits = zip(place.seen.value, place.seen.value.dropFirst()).map { $1.timeIntervalSince($0).rounded() }
            #expect(waits == [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400])
            #expect(try await place.deliveries() == ["failed"])
            #expect(try await place.chat()?.isActive == true)
        }
    }

    @Test("After 120 hours without one success it is switched off", arguments: TestDatabase.engines)
    func disabled(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            let place = try await Place(
                database, failing: .failed("500", trackingID: nil, maybeSent: false))
            try await place.happen("n1")
            try await place.exhaust()
            try await place.happen("n2")
            try await place.exhaust()
            #expect(try await place.deliveries() == ["failed", "failed"])
            let chat = try await place.chat()
            #expect(chat?.isActive == false)
            #expect(chat?.stateReason?.hasPrefix("Nothing was accepted for 120 hours") == true)
            let last = try #require(place.seen.value.last)
            #expect(last.timeIntervalSince(instant) > 120 * 3_600)
        }
    }

    @Test("Gone is believed at once", arguments: TestDatabase.engines)
    func gone(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            let place = try await Place(database, failing: .gone("410"))
            try await place.happen("n1")
            try await place.exhaust()
            #expect(place.seen.value.count == 1)
            #expect(try await place.deliveries() == ["failed"])
            #expect(try await place.chat()?.isActive == false)
        }
    }
}

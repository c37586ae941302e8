import API
import Accounts
import Database
import Foundation
import Jobs
import TestSupport
import Testing
import Tickets
import WebSupport

@testable import Notifications
@testable import Ticketing

@Suite("Deliveries in the database")
struct DeliveryStoreTests {
    private let queue = JobQueue()
    private let created = TicketEvent(kind: .created, subject: "", details: .init(ticket()))

    private func plan(to recipients: [Recipient.ID], rules: [Rule] = []) -> DeliveryPlan {
        DeliveryPlan(
            event: event(.created), rules: rules,
            assigned: recipients.map { .init(identifier: "m\($0)", recipient: $0) }, settings: .init())
    }

    /// An event with deliveries to all recipients, an hour after the one before it.
    private func happen(
        _ number: Int, on ticket: Ticket.ID, to recipients: [Recipient.ID], _ stage: Stage, _ db: Connection
    ) throws {
        let now = instant.addingTimeInterval(Double(number) * 3_600)
        let event = TicketEvent(kind: .noteAdded, subject: "n\(number)", details: event(.noteAdded).details)
        try store([(event, ticket, plan(to: recipients))], at: now, stage, db)
    }

    private typealias Decided = (event: TicketEvent, ticket: Ticket.ID, plan: DeliveryPlan)

    /// As a refresh does it: what is news is stored, and what follows enqueued.
    private func store(_ decided: [Decided], at now: Date = instant, _ stage: Stage, _ db: Connection) throws {
        let detected = decided.map { decided in
            EventStore.Detected(
                event: decided.event, ticket: ticket(decided.ticket), members: [:], instant: now)
        }
        let news = try EventStore.insert(detected, of: stage.connection(in: db), in: db)
        let planned = news.compactMap { news in
            decided.first { $0.event.subject == news.event.subject && $0.ticket == news.ticket.id }.map {
                DeliveryStore.Planned(news: news, plan: $0.plan)
            }
        }
        try queue.enqueue(DeliveryStore.insert(planned, in: db), now: instant, in: db)
    }

    private func count(_ table: String, _ db: Connection) throws -> Int {
        try db.one(SQL(unchecked: "SELECT COUNT(*) AS id FROM \(table)"))
    }

    private func listed(
        _ filter: DeliveryStore.Filter = .init(), _ page: PageRequest = .init(), _ stage: Stage, _ db: Connection
    ) throws -> Page<Delivery> {
        try DeliveryStore.list(of: stage.organization, filter, page: page, in: db)
    }

    @Test("An event is stored once, with what was decided the first time", arguments: TestDatabase.engines)
    func storedOnce(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            try await database.write { db in
                let stage = try Stage(in: db)
                let rooms = try stage.rooms(["a", "b", "c"], in: db)
                func planned(_ subject: String, on ticket: Ticket.ID, to rooms: [Recipient.ID]) -> Decided {
                    (TicketEvent(kind: .noteAdded, subject: subject, details: created.details), ticket, plan(to: rooms))
                }
                try store([planned("n1", on: "7", to: Array(rooms[..<2]))], stage, db)
                #expect(try (count("ticket_events", db), count("deliveries", db), count("jobs", db)) == (1, 2, 2))
                try store([planned("n1", on: "7", to: rooms)], stage, db)
                #expect(try (count("ticket_events", db), count("deliveries", db), count("jobs", db)) == (1, 2, 2))
                let more = [
                    planned("n1", on: "7", to: rooms), planned("n1", on: "8", to: rooms),
                    planned("n2", on: "7", to: Array(rooms[..<2])), planned("n2", on: "7", to: rooms),
                    planned("n\0", on: "7", to: Array(rooms[..<1])),
                ]
                // The second of a kind is no news, whoever it would have been told to.
                try store(more, stage, db)
                #expect(try (count("ticket_events", db), count("deliveries", db), count("jobs", db)) == (4, 8, 8))
            }
        }
    }

    @Test("What many events lead to is stored in one go, in their order", arguments: TestDatabase.engines)
    func many(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            try await database.write { db in
                let stage = try Stage(in: db)
                let rooms = try stage.rooms(["a", "b", "c"], in: db)
                let planned = (0..<150).map { number -> Decided in
                    (
                        TicketEvent(kind: .noteAdded, subject: "n\(number)", details: created.details),
                        .init("\(number % 10)"), plan(to: number % 3 == 0 ? [] : rooms)
                    )
                }
                try store(planned, stage, db)
                let subjects = try db.all("SELECT subject FROM ticket_events ORDER BY id").map { row -> String in
                    try row["subject"]
                }
                #expect(subjects == planned.map(\.event.subject))
                let rows = try db.all(
                    """
                    SELECT e.subject, e.ticket_id, d.ticket_id AS of_delivery, d.recipient_id FROM deliveries d
                    JOIN ticket_events e ON e.id = d.event_id ORDER BY d.id
                    """)
                let expected = planned.filter { !$0.plan.items.isEmpty }.flatMap { planned in
                    rooms.map { [planned.event.subject, "\(planned.ticket)", "\(planned.ticket)", "\($0)"] }
                }
                let stored = try rows.map { row -> [String] in
                    let room: Recipient.ID = try row["recipient_id"]
                    return [try row["subject"], try row["ticket_id"], try row["of_delivery"], "\(room)"]
                }
                #expect(stored == expected)
                #expect(try count("jobs", db) == 300)
                #expect(try db.one("SELECT COUNT(*) AS id FROM untold_events") == 50)
            }
        }
    }

    @Test(
        "Only queued deliveries become jobs, and the reason for no notification is kept",
        arguments: TestDatabase.engines)
    func states(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            try await database.write { db in
                let stage = try Stage(in: db)
                let rooms = try stage.rooms(["a", "b"], in: db)
                let simulated = plan(
                    to: [rooms[1]], rules: [try rule(recipient: Int(rooms[0].rawValue), simulate: true)])
                try store([(created, "7", simulated)], stage, db)
                let deliveries = try listed(.init(), .init(), stage, db).items
                #expect(
                    Dictionary(uniqueKeysWithValues: deliveries.map { ($0.recipient, $0.state) }) == [
                        rooms[0]: .simulated, rooms[1]: .queued,
                    ])
                #expect(try count("jobs", db) == 1)

                try store([(created, "8", plan(to: []))], stage, db)
                let reason: String = try db.one("SELECT reason FROM untold_events", "reason")
                #expect(reason == "no rule on this board, no one assigned")
            }
        }
    }

    @Test("Newest first, page by page, each filter alone and together", arguments: TestDatabase.engines)
    func list(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            try await database.write { db in
                let (stage, other) = (try Stage(in: db), try Stage(in: db))
                let rooms = try stage.rooms(["a", "b"], in: db)
                for number in 0..<6 {
                    try happen(number, on: number < 3 ? "7" : "8", to: rooms, stage, db)
                }
                try db.execute("UPDATE deliveries SET state = 'failed' WHERE recipient_id = \(rooms[0])")
                let all = try listed(.init(), .init(), stage, db).items
                #expect(all.count == 12)
                #expect(all.map(\.id) == all.map(\.id).sorted(by: >))
                #expect(all.first?.recipientName == "b" || all.first?.recipientName == "a")
                #expect(all.allSatisfy { $0.eventKind == .noteAdded && $0.attempts == 0 && $0.sentAt == nil })

                var paged: [Delivery] = []
                var page = try listed(.init(), PageRequest(limit: 5), stage, db)
                paged += page.items
                while let next = page.next {
                    page = try listed(.init(), PageRequest(limit: 5, after: next), stage, db)
                    paged += page.items
                }
                #expect(paged == all)

                func count(_ filter: DeliveryStore.Filter) throws -> Int {
                    try listed(filter, .init(), stage, db).items.count
                }
                let middle = instant.addingTimeInterval(3 * 3_600)
                #expect(try count(.init(ticket: "7")) == 6)
                #expect(try count(.init(ticket: "9")) == 0)
                #expect(try count(.init(recipient: rooms[0])) == 6)
                #expect(try count(.init(state: .failed)) == 6)
                #expect(try count(.init(state: .sent)) == 0)
                #expect(try count(.init(since: middle)) == 6)
                #expect(try count(.init(until: middle)) == 6)
                #expect(try count(.init(since: middle, until: middle.addingTimeInterval(1))) == 2)
                #expect(try count(.init(ticket: "8", recipient: rooms[1], state: .queued, since: middle)) == 3)
                #expect(try listed(.init(), .init(), other, db).items.isEmpty)
                #expect(try DeliveryStore.find(all[0].id, of: stage.organization, in: db) == all[0])
                #expect(try DeliveryStore.find(all[0].id, of: other.organization, in: db) == nil)
            }
        }
    }

    @Test("Only what failed can be sent again, once", arguments: TestDatabase.engines)
    func retry(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            try await database.write { db in
                let stage = try Stage(in: db)
                try happen(0, on: "7", to: try stage.rooms(["a"], in: db), stage, db)
                for state in Delivery.State.allCases {
                    try db.execute("DELETE FROM jobs")
                    try db.execute("UPDATE deliveries SET state = \(state), error = 'why', tracking_id = 't'")
                    let delivery = try #require(try listed(.init(), .init(), stage, db).items.first)
                    #expect(try DeliveryStore.retry(delivery, queue: queue, now: instant, in: db) == (state == .failed))
                    let jobs: Int = try db.one("SELECT COUNT(*) AS id FROM jobs")
                    #expect(jobs == (state == .failed ? 1 : 0))
                    guard state == .failed else { continue }
                    let again = try #require(try listed(.init(), .init(), stage, db).items.first)
                    #expect(again.state == .queued)
                    #expect(again.error == nil)
                    #expect(again.trackingID == nil)
                    // Two people press the button at once.
                    #expect(try !DeliveryStore.retry(delivery, queue: queue, now: instant, in: db))
                }
            }
        }
    }
}

import Accounts
import Database
import Foundation
import Jobs
import TestSupport
import Testing
import Ticketing
import WebSupport

@testable import Notifications

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
        let id = try #require(try DeliveryStore.insert(event, of: ticket, stage.psa, now: now, in: db))
        try DeliveryStore.insert(
            plan(to: recipients), for: id, of: ticket, organization: stage.organization, queue: queue, now: now, in: db)
    }

    private func listed(
        _ filter: DeliveryStore.Filter = .init(), _ page: PageRequest = .init(), _ stage: Stage, _ db: Connection
    ) throws -> Page<Delivery> {
        try DeliveryStore.list(of: stage.organization, filter, page: page, in: db)
    }

    @Test("An event is stored once", arguments: TestDatabase.engines)
    func storedOnce(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            try await database.write { db in
                let stage = try Stage(in: db)
                let event = TicketEvent(kind: .noteAdded, subject: "n1", details: .init(ticket()))
                #expect(try DeliveryStore.insert(event, of: "7", stage.psa, now: instant, in: db) != nil)
                #expect(try DeliveryStore.insert(event, of: "7", stage.psa, now: instant, in: db) == nil)
                #expect(try DeliveryStore.insert(event, of: "8", stage.psa, now: instant, in: db) != nil)
                let other = TicketEvent(kind: .noteAdded, subject: "n2", details: event.details)
                #expect(try DeliveryStore.insert(other, of: "7", stage.psa, now: instant, in: db) != nil)
            }
        }
    }

    @Test(
        "Planning twice changes nothing: one delivery and one job for each recipient", arguments: TestDatabase.engines)
    func twice(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            try await database.write { db in
                let stage = try Stage(in: db)
                let rooms = try stage.rooms(["a", "b", "c"], in: db)
                let id = try #require(
                    try DeliveryStore.insert(created, of: "7", stage.psa, now: instant, in: db))
                for recipients in [Array(rooms[..<2]), rooms] {
                    try DeliveryStore.insert(
                        plan(to: recipients), for: id, of: "7", organization: stage.organization, queue: queue,
                        now: instant, in: db)
                }
                #expect(try db.one("SELECT COUNT(*) AS id FROM deliveries") == 3)
                #expect(try db.one("SELECT COUNT(*) AS id FROM jobs") == 3)
            }
        }
    }

    @Test("Only what is queued becomes a job, and why nobody is told is kept", arguments: TestDatabase.engines)
    func states(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            try await database.write { db in
                let stage = try Stage(in: db)
                let rooms = try stage.rooms(["a", "b"], in: db)
                let id = try #require(
                    try DeliveryStore.insert(created, of: "7", stage.psa, now: instant, in: db))
                let simulated = plan(
                    to: [rooms[1]], rules: [try rule(recipient: Int(rooms[0].rawValue), simulate: true)])
                try DeliveryStore.insert(
                    simulated, for: id, of: "7", organization: stage.organization, queue: queue, now: instant, in: db)
                let deliveries = try listed(.init(), .init(), stage, db).items
                #expect(
                    Dictionary(uniqueKeysWithValues: deliveries.map { ($0.recipient, $0.state) }) == [
                        rooms[0]: .simulated, rooms[1]: .queued,
                    ])
                #expect(try db.one("SELECT COUNT(*) AS id FROM jobs") == 1)

                let nobody = try #require(
                    try DeliveryStore.insert(created, of: "8", stage.psa, now: instant, in: db))
                try DeliveryStore.insert(
                    plan(to: []), for: nobody, of: "8", organization: stage.organization, queue: queue, now: instant,
                    in: db)
                let reason: String? = try db.one("SELECT reason FROM ticket_events WHERE id = \(nobody)", "reason")
                #expect(reason == "no rule on this board, nobody assigned")
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
                    #expect(again.state == .queued && again.error == nil && again.trackingID == nil)
                    // Two people press the button at once.
                    #expect(try !DeliveryStore.retry(delivery, queue: queue, now: instant, in: db))
                }
            }
        }
    }
}

extension DeliveryStore {
    /// As a refresh does it: stored, and what follows enqueued.
    fileprivate static func insert(
        _ plan: DeliveryPlan, for event: TicketEvent.ID, of ticket: Ticket.ID, organization: Organization.ID,
        queue: JobQueue, now: Date, in db: Connection
    ) throws {
        let jobs = try insert(plan, for: event, of: ticket, organization: organization, now: now, in: db)
        try queue.enqueue(jobs, now: now, in: db)
    }
}

import API
import Database
import Foundation
import TestSupport
import Testing
import Ticketing
import Tickets

@testable import Accounts
@testable import Jobs
@testable import Notifications

/// From an alert that anybody raises to the notice that the administrators get.
@Suite("Alerts")
struct AlertTests {
    private static let kind = Alert.Kind(rawValue: "something_new")
    private let queue = JobQueue()

    private func raise(_ stage: Stage, in db: Connection) throws -> [NewJob] {
        try Alert.raise(
            Self.kind, on: "thing:1", of: stage.organization, title: "*Thing* is broken.", words: "Mend it.",
            now: instant, in: db)
    }

    /// Runs all alerts' jobs.
    private func deliver(_ jobs: [NewJob], in database: Database) async throws {
        try await database.write { db in try queue.enqueue(jobs, now: instant, in: db) }
        let handler = AlertNotifier(now: { instant })
        while true {
            let claimed = try await database.write { db in
                try queue.claim(worker: "w", limit: 9, lease: .seconds(30), now: instant, in: db).jobs
            }.filter { $0.kind == AlertJob.kind }
            guard !claimed.isEmpty else { return }
            for job in claimed {
                let settlement = JobQueue.Settlement(
                    job: job, outcome: await handler.runAny(job), schedule: handler.schedule, jitter: 0)
                _ = try await database.write { try queue.settle([settlement], now: instant, in: $0) }
            }
        }
    }

    private func notices(_ database: Database) async throws -> [Notice] {
        try await database.read { try $0.all(NoticeStore.selection + " ORDER BY n.id", as: Notice.self) }
    }

    @Test("It is reported once when it begins and once when it is over, escaped", arguments: TestDatabase.engines)
    func toldOnce(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            let (stage, room) = try await database.write { db in
                let stage = try Stage(in: db)
                let room = try stage.rooms(["Administrators"], in: db)[0]
                var settings = NotificationSettings()
                settings.alertRecipient = room
                try settings.store(for: stage.organization, now: instant, in: db)
                return (stage, room)
            }
            let (first, again) = try await database.write { db in (try raise(stage, in: db), try raise(stage, in: db)) }
            #expect(again.isEmpty)
            try await deliver(first, in: database)
            let raised = try await notices(database)
            #expect(raised.map(\.text) == [#"**\*Thing\* is broken.** Mend it."#])
            #expect(raised.map(\.recipient) == [room])
            #expect(raised.map(\.kind) == [.alert])

            let (end, endAgain) = try await database.write { db in
                func end() throws -> [NewJob] {
                    try Alert.end(
                        Self.kind, on: "thing:1", of: stage.organization, "It works again.", now: instant, in: db)
                }
                return (try end(), try end())
            }
            #expect(endAgain.isEmpty)
            try await deliver(end, in: database)
            #expect(try await notices(database).map(\.text).last == "**It works again.**")
            // What is over can begin anew.
            #expect(try await database.write { try raise(stage, in: $0) }.count == 1)
        }
    }

    @Test(
        "An alert in a failed transaction is never raised; without a recipient no one is notified",
        arguments: TestDatabase.engines)
    func nobody(engine: Engine) async throws {
        struct Stop: Error {}
        try await TestDatabase.with(engine, migrations: notifications) { database in
            let stage = try await database.write { try Stage(in: $0) }
            await #expect(throws: Stop.self) {
                try await database.write { db in
                    _ = try raise(stage, in: db)
                    throw Stop()
                }
            }
            let jobs = try await database.write { try raise(stage, in: $0) }
            #expect(jobs.count == 1)
            try await deliver(jobs, in: database)
            #expect(try await notices(database).isEmpty)
        }
    }

    @Test("What is over is forgotten after a while, what lasts is not", arguments: TestDatabase.engines)
    func forgetting(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            let stage = try await database.write { try Stage(in: $0) }
            try await database.write { db in
                _ = try raise(stage, in: db)
                _ = try Alert.end(Self.kind, on: "thing:1", of: stage.organization, now: instant, in: db)
                _ = try raise(stage, in: db)
                #expect(try Alert.forget(before: instant, in: db) == 0)
                #expect(try Alert.forget(before: instant + 1, in: db) == 1)
                #expect(try Alert.forget(before: instant + 1, in: db) == 0)
                #expect(try db.one("SELECT COUNT(*) AS id FROM alerts WHERE ended_at IS NULL") == 1)
            }
        }
    }
}

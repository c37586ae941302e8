import Accounts
import Database
import Foundation
import TestSupport
import Testing
import Tickets

@testable import Connections
@testable import Jobs
@testable import Notifications
@testable import Ticketing

@Suite("The silence alarm")
struct SilenceTests {
    private func later(_ minutes: Double) -> Date { instant.addingTimeInterval(minutes * 60) }

    @Test(
        "Missed changes and no callback for an hour: shown, repaired, alerted once; the next callback ends it",
        arguments: TestDatabase.engines)
    func alarm(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            try await database.write { db in
                let stage = try Stage(in: db)
                try SyncStore(plans: TicketSyncs.plans).makeMissing(now: instant, in: db)
                func check(missed: Int, _ minutes: Double) throws -> [JobKind] {
                    try Silence.check(
                        stage.connection(in: db), missed: missed, watchedSince: instant, now: later(minutes), in: db
                    ).map(\.kind)
                }
                _ = try Silence.note(hooks: [stage.psa: later(1)], now: later(1), in: db)
                #expect(try check(missed: 3, 60).isEmpty, "the last hook is 59 minutes old")
                #expect(try check(missed: 0, 300).isEmpty, "a quiet night is no failure")
                #expect(try check(missed: 3, 61) == [SyncJob.kind, AlertJob.kind])
                #expect(try stage.connection(in: db).silentSince == later(61))
                #expect(try check(missed: 3, 66).isEmpty, "told once")
                let alert: Alert? = try db.first("SELECT * FROM alerts")
                #expect(alert?.kind == .silence)
                #expect(alert?.words.contains("3 tickets changed") == true)
                #expect(alert?.endedAt == nil)

                let (ended, jobs) = try Silence.note(hooks: [stage.psa: later(70)], now: later(70), in: db)
                #expect(ended.map(\.id) == [stage.psa])
                #expect(jobs.map(\.kind) == [AlertJob.kind])
                let now = try stage.connection(in: db)
                #expect(now.silentSince == nil)
                #expect(now.lastHookAt == later(70))
                #expect(try Silence.note(hooks: [stage.psa: later(71)], now: later(71), in: db).ended.isEmpty)
            }
        }
    }
}

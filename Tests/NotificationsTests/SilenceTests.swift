import Accounts
import Database
import Foundation
import TestSupport
import Testing
import Ticketing

@testable import Jobs
@testable import Notifications

@Suite("The silence alarm")
struct SilenceTests {
    private func later(_ minutes: Double) -> Date { instant.addingTimeInterval(minutes * 60) }

    private func connection(_ stage: Stage, _ db: Connection) throws -> PSAConnection {
        guard let connection: PSAConnection = try db.first("SELECT * FROM psa_connections WHERE id = \(stage.psa)")
        else { throw DatabaseError.statement("no connection") }
        return connection
    }

    @Test(
        "Missed changes and no hook for an hour: shown, repaired, told once; the next hook ends it",
        arguments: TestDatabase.engines)
    func alarm(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            try await database.write { db in
                let stage = try Stage(in: db)
                let room = try stage.rooms(["Administrators"], in: db)[0]
                var settings = NotificationSettings()
                settings.alarmRecipient = room
                try settings.store(for: stage.organization, now: instant, in: db)
                try SyncStore.makeMissing(now: instant, in: db)
                func check(missed: Int, _ minutes: Double) throws -> [JobKind] {
                    try Silence.check(
                        connection(stage, db), missed: missed, watchedSince: instant, now: later(minutes), in: db
                    ).map(\.kind)
                }
                _ = try Silence.note(hooks: [stage.psa: later(1)], now: later(1), in: db)
                #expect(try check(missed: 3, 60).isEmpty, "the last hook is 59 minutes old")
                #expect(try check(missed: 0, 300).isEmpty, "a quiet night is no failure")
                #expect(try check(missed: 3, 61) == [SyncJob.kind, NoticeSender.kind])
                #expect(try connection(stage, db).silentSince == later(61))
                #expect(try check(missed: 3, 66).isEmpty, "told once")
                let notice: Notice? = try db.first(NoticeStore.selection)
                #expect(notice?.kind == .silence)
                #expect(notice?.recipient == room)
                #expect(notice?.text.contains("3 tickets changed") == true)

                let (ended, jobs) = try Silence.note(hooks: [stage.psa: later(70)], now: later(70), in: db)
                #expect(ended.map(\.id) == [stage.psa])
                #expect(jobs.map(\.kind) == [NoticeSender.kind])
                let now = try connection(stage, db)
                #expect(now.silentSince == nil)
                #expect(now.lastHookAt == later(70))
                #expect(try Silence.note(hooks: [stage.psa: later(71)], now: later(71), in: db).ended.isEmpty)
            }
        }
    }
}

import Accounts
import Database
import Foundation
import HTTPTypes
import TestSupport
import Testing
import WebSupport

@testable import Notifications

@Suite("Notification settings")
struct NotificationSettingsTests {
    private func decoded(_ json: String) throws -> NotificationSettings {
        try JSONDecoder().decode(NotificationSettings.self, from: Data(json.utf8))
    }

    @Test("The defaults")
    func defaults() {
        let settings = NotificationSettings()
        #expect(settings.notificationsEnabled)
        #expect(!settings.requireRule)
        #expect(settings.maxMessageLength == 300)
        #expect(settings.referenceLifetimeSeconds == 900)
        #expect(settings.silenceAlarmMinutes == 60)
    }

    @Test("Members that were not stored have their defaults, members of another time are ignored")
    func missing() throws {
        #expect(try decoded("{}") == NotificationSettings())
        #expect(try decoded(#"{"require_rule": null, "gone": 3}"#) == NotificationSettings())
        var expected = NotificationSettings()
        expected.requireRule = true
        expected.maxMessageLength = 77
        #expect(try decoded(#"{"require_rule": true, "max_message_length": 77}"#) == expected)
    }

    @Test("They come back as they were stored, organization by organization", arguments: TestDatabase.engines)
    func roundTrip(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            try await database.write { db in
                let (stage, other) = (try Stage(in: db), try Stage(in: db))
                var settings = NotificationSettings()
                settings.notificationsEnabled = false
                settings.silenceAlarmMinutes = 5
                try settings.store(for: stage.organization, now: instant, in: db)
                #expect(try NotificationSettings.of(stage.organization, in: db) == settings)
                settings.maxMessageLength = 5_000
                try settings.store(for: stage.organization, now: instant, in: db)
                #expect(try NotificationSettings.of(stage.organization, in: db) == settings)
                #expect(try NotificationSettings.of(other.organization, in: db) == NotificationSettings())
            }
        }
    }

    @Test("Each number has its range; all faults are told at once")
    func ranges() throws {
        func faults(_ change: (inout NotificationSettings) -> Void) -> [String] {
            var settings = NotificationSettings()
            change(&settings)
            do {
                _ = try settings.validated()
                return []
            } catch {
                #expect(error.status == .unprocessableContent)
                return error.errors.map(\.field)
            }
        }
        for (value, isGood) in [(49, false), (50, true), (5_000, true), (5_001, false)] {
            #expect(faults { $0.maxMessageLength = value } == (isGood ? [] : ["max_message_length"]))
        }
        for (value, isGood) in [(-1, false), (0, true), (86_400, true), (86_401, false)] {
            #expect(faults { $0.referenceLifetimeSeconds = value } == (isGood ? [] : ["reference_lifetime_seconds"]))
        }
        for (value, isGood) in [(4, false), (5, true), (10_080, true), (10_081, false)] {
            #expect(faults { $0.silenceAlarmMinutes = value } == (isGood ? [] : ["silence_alarm_minutes"]))
        }
        let all = faults {
            $0.maxMessageLength = 0
            $0.referenceLifetimeSeconds = -1
            $0.silenceAlarmMinutes = 0
        }
        #expect(all == ["max_message_length", "reference_lifetime_seconds", "silence_alarm_minutes"])
    }
}

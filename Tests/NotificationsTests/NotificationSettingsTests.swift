import Accounts
import Database
import Foundation
import TestSupport
import Testing
import Ticketing
import Tickets
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
        let ticketing = TicketingSettings()
        #expect(ticketing.memberCacheSeconds == 900)
        #expect(ticketing.silenceAlertMinutes == 60)
        #expect(ticketing.historyDays == 365)
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
                settings.requireRule = true
                try settings.store(for: stage.organization, now: instant, in: db)
                #expect(try NotificationSettings.of(stage.organization, in: db) == settings)
                settings.maxMessageLength = 5_000
                try settings.store(for: stage.organization, now: instant, in: db)
                #expect(try NotificationSettings.of(stage.organization, in: db) == settings)
                #expect(try NotificationSettings.of(other.organization, in: db) == NotificationSettings())
            }
        }
    }

    @Test("Each number has its range; all faults are reported together")
    func ranges() {
        func faults(_ change: (inout NotificationSettings, inout TicketingSettings) -> Void) -> [String] {
            var (notifications, ticketing) = (NotificationSettings(), TicketingSettings())
            change(&notifications, &ticketing)
            return (notifications.faults + ticketing.faults).map(\.field)
        }
        for (value, isGood) in [(49, false), (50, true), (5_000, true), (5_001, false)] {
            #expect(
                faults { settings, _ in settings.maxMessageLength = value } == (isGood ? [] : ["max_message_length"]))
        }
        for (value, isGood) in [(-1, false), (0, true), (86_400, true), (86_401, false)] {
            let found = faults { _, settings in settings.memberCacheSeconds = value }
            #expect(found == (isGood ? [] : ["member_cache_seconds"]))
        }
        for (value, isGood) in [(4, false), (5, true), (10_080, true), (10_081, false)] {
            let found = faults { _, settings in settings.silenceAlertMinutes = value }
            #expect(found == (isGood ? [] : ["silence_alert_minutes"]))
        }
        let all = faults { notifications, ticketing in
            notifications.maxMessageLength = 0
            ticketing.memberCacheSeconds = -1
            ticketing.silenceAlertMinutes = 0
        }
        #expect(all == ["max_message_length", "member_cache_seconds", "silence_alert_minutes"])
    }

    @Test("Ticketing's come back as they were stored, organization by organization", arguments: TestDatabase.engines)
    func ticketing(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            try await database.write { db in
                let (stage, other) = (try Stage(in: db), try Stage(in: db))
                var settings = TicketingSettings()
                settings.silenceAlertMinutes = 5
                settings.historyDays = 7
                try settings.store(for: stage.organization, now: instant, in: db)
                #expect(try TicketingSettings.of(stage.organization, in: db) == settings)
                #expect(try TicketingSettings.of(other.organization, in: db) == TicketingSettings())
            }
        }
    }
}

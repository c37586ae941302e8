import API
import Accounts
import BoundaryText
import Database
import Foundation
import HTTPTypes
import Notifications
import Ticketing
import WebSupport

/// The operations on an organization's settings, which are in one place for people and in two features for us.
func settingsRoutes(_ database: Database, now: @escaping @Sendable () -> Date = { Date() }) -> [Route] {
    [
        Route(Config.show) { request in
            let organization = request.principal.organization
            return try await database.read { Config.Answer(try Settings(of: organization, in: $0)) }
        },
        Route(Config.update) { request in
            let organization = request.principal.organization
            let change = try await request.body()
            let instant = now()
            return try await database.write { db in
                let old = try Settings(of: organization, in: db)
                let settings = change.applied(to: old)
                let faults = settings.notifications.faults + settings.ticketing.faults
                guard faults.isEmpty else { throw Problem.invalid(faults) }
                guard try settings.notifications.hasKnownRecipient(of: organization, in: db) else {
                    throw Problem.invalid([
                        .init(
                            field: Config.Change.CodingKeys.alertRecipient.rawValue, code: "unknown",
                            message: "is not a recipient. List them with GET /api/v1/recipients.")
                    ])
                }
                try settings.notifications.store(for: organization, now: instant, in: db)
                try settings.ticketing.store(for: organization, now: instant, in: db)
                let answer = Config.Answer(settings)
                try request.record(
                    "config.update", on: "config", before: Config.Answer(old), after: answer, now: instant, in: db)
                return answer
            }
        },
    ]
}

/// All settings, as one thing.
private struct Settings: Sendable {
    var notifications: NotificationSettings
    var ticketing: TicketingSettings

    init(of organization: Organization.ID, in db: Connection) throws {
        notifications = try .of(organization, in: db)
        ticketing = try .of(organization, in: db)
    }
}

extension Config.Answer {
    fileprivate init(_ settings: Settings) {
        let (notifications, ticketing) = (settings.notifications, settings.ticketing)
        self.init(
            notificationsEnabled: notifications.notificationsEnabled, requireRule: notifications.requireRule,
            maxMessageLength: notifications.maxMessageLength, memberCacheSeconds: ticketing.memberCacheSeconds,
            silenceAlertMinutes: ticketing.silenceAlertMinutes, alertRecipient: notifications.alertRecipient,
            historyDays: ticketing.historyDays)
    }
}

extension Config.Change {
    fileprivate func applied(to settings: Settings) -> Settings {
        var settings = settings
        func set<Value>(_ member: inout Value, to value: Value?) { member = value ?? member }
        set(&settings.notifications.notificationsEnabled, to: notificationsEnabled)
        set(&settings.notifications.requireRule, to: requireRule)
        set(&settings.notifications.maxMessageLength, to: maxMessageLength)
        settings.notifications.alertRecipient = alertRecipient.applied(to: settings.notifications.alertRecipient)
        set(&settings.ticketing.memberCacheSeconds, to: memberCacheSeconds)
        set(&settings.ticketing.silenceAlertMinutes, to: silenceAlertMinutes)
        set(&settings.ticketing.historyDays, to: historyDays)
        return settings
    }
}

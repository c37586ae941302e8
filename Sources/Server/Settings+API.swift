import API
import Accounts
import BoundaryText
import Database
import Foundation
import Hummingbird
import Notifications
import Ticketing
import WebSupport

/// The operations on an organization's settings, which stand in one place for people and in two features for us.
func settingsRoutes(_ database: Database, now: @escaping @Sendable () -> Date = { Date() }) -> [Route] {
    [
        Route(.get, "/config", .viewer, "Shows the notification settings", gives: .one(Settings.self)) { request in
            let organization = request.principal.organization
            return .json(try await database.read { try Settings(of: organization, in: $0) })
        },
        Route(
            .patch, "/config", .admin, "Changes notification settings", takes: SettingsChange.self,
            gives: .one(Settings.self)
        ) { request in
            let organization = request.principal.organization
            let change = try await request.body(SettingsChange.self)
            let instant = now()
            let settings = try await database.write { db in
                let old = try Settings(of: organization, in: db)
                let settings = change.applied(to: old)
                let faults = settings.notifications.faults + settings.ticketing.faults
                guard faults.isEmpty else { throw Problem.invalid(faults) }
                guard try settings.notifications.hasKnownRecipient(of: organization, in: db) else {
                    throw Problem.invalid([
                        .init(
                            field: "alarm_recipient_id", code: "unknown",
                            message: "is no recipient; see GET /api/v1/webex/rooms.")
                    ])
                }
                try settings.notifications.store(for: organization, now: instant, in: db)
                try settings.ticketing.store(for: organization, now: instant, in: db)
                try request.record("config.update", on: "config", before: old, after: settings, now: instant, in: db)
                return settings
            }
            return .json(settings)
        },
    ]
}

/// All settings, as one thing.
private struct Settings: Codable, Sendable {
    var notifications: NotificationSettings
    var ticketing: TicketingSettings

    init(of organization: Organization.ID, in db: Connection) throws {
        notifications = try .of(organization, in: db)
        ticketing = try .of(organization, in: db)
    }

    init(from decoder: any Decoder) throws {
        notifications = try NotificationSettings(from: decoder)
        ticketing = try TicketingSettings(from: decoder)
    }

    func encode(to encoder: any Encoder) throws {
        try notifications.encode(to: encoder)
        try ticketing.encode(to: encoder)
    }
}

private struct SettingsChange: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case notificationsEnabled = "notifications_enabled"
        case requireRule = "require_rule"
        case maxMessageLength = "max_message_length"
        case referenceLifetimeSeconds = "reference_lifetime_seconds"
        case silenceAlarmMinutes = "silence_alarm_minutes"
        case alarmRecipient = "alarm_recipient_id"
        case historyDays = "history_days"
    }

    private let notificationsEnabled: Bool?
    private let requireRule: Bool?
    private let maxMessageLength: Int?
    private let referenceLifetimeSeconds: Int?
    private let silenceAlarmMinutes: Int?
    /// Nil leaves it as it is; null inside means nobody.
    private let alarmRecipient: Recipient.ID??
    private let historyDays: Int?

    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        notificationsEnabled = try members.decodeIfPresent(Bool.self, forKey: .notificationsEnabled)
        requireRule = try members.decodeIfPresent(Bool.self, forKey: .requireRule)
        maxMessageLength = try members.decodeIfPresent(Int.self, forKey: .maxMessageLength)
        referenceLifetimeSeconds = try members.decodeIfPresent(Int.self, forKey: .referenceLifetimeSeconds)
        silenceAlarmMinutes = try members.decodeIfPresent(Int.self, forKey: .silenceAlarmMinutes)
        alarmRecipient =
            members.contains(.alarmRecipient)
            ? .some(try members.decodeIfPresent(Recipient.ID.self, forKey: .alarmRecipient)) : .none
        historyDays = try members.decodeIfPresent(Int.self, forKey: .historyDays)
    }

    func applied(to settings: Settings) -> Settings {
        var settings = settings
        func set<Value>(_ member: inout Value, to value: Value?) { member = value ?? member }
        set(&settings.notifications.notificationsEnabled, to: notificationsEnabled)
        set(&settings.notifications.requireRule, to: requireRule)
        set(&settings.notifications.maxMessageLength, to: maxMessageLength)
        if let alarmRecipient { settings.notifications.alarmRecipient = alarmRecipient }
        set(&settings.ticketing.referenceLifetimeSeconds, to: referenceLifetimeSeconds)
        set(&settings.ticketing.silenceAlarmMinutes, to: silenceAlarmMinutes)
        set(&settings.ticketing.historyDays, to: historyDays)
        return settings
    }
}

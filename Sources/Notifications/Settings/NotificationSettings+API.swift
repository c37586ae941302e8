import Accounts
import BoundaryText
import Database
import Foundation
import Hummingbird
import WebSupport

/// The operations on the notification settings.
func settingsRoutes(_ database: Database, now: @escaping @Sendable () -> Date) -> [Route] {
    [
        Route(.get, "/config", .viewer, "Shows the notification settings", gives: .one(NotificationSettings.self)) {
            request in
            let organization = request.principal.organization
            return .json(try await database.read { try NotificationSettings.of(organization, in: $0) })
        },
        Route(
            .patch, "/config", .admin, "Changes notification settings", takes: SettingsChange.self,
            gives: .one(NotificationSettings.self)
        ) { request in
            let organization = request.principal.organization
            let change = try await request.body(SettingsChange.self)
            let instant = now()
            let settings = try await database.write { db in
                let old = try NotificationSettings.of(organization, in: db)
                let settings = try change.applied(to: old).validated()
                if let alarm = settings.alarmRecipient, try RecipientStore.find(alarm, of: organization, in: db) == nil
                {
                    throw Problem.invalid([
                        .init(
                            field: "alarm_recipient_id", code: "unknown",
                            message: "is no recipient; see GET /api/v1/webex/rooms.")
                    ])
                }
                try settings.store(for: organization, now: instant, in: db)
                try request.record("config.update", on: "config", before: old, after: settings, now: instant, in: db)
                return settings
            }
            return .json(settings)
        },
    ]
}

private struct SettingsChange: JSONBody {
    typealias CodingKeys = NotificationSettings.CodingKeys

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

    func applied(to settings: NotificationSettings) -> NotificationSettings {
        var settings = settings
        settings.notificationsEnabled = notificationsEnabled ?? settings.notificationsEnabled
        settings.requireRule = requireRule ?? settings.requireRule
        settings.maxMessageLength = maxMessageLength ?? settings.maxMessageLength
        settings.referenceLifetimeSeconds = referenceLifetimeSeconds ?? settings.referenceLifetimeSeconds
        settings.silenceAlarmMinutes = silenceAlarmMinutes ?? settings.silenceAlarmMinutes
        settings.historyDays = historyDays ?? settings.historyDays
        if let alarmRecipient { settings.alarmRecipient = alarmRecipient }
        return settings
    }
}

import Accounts
import Database
import Foundation
import Hummingbird
import WebSupport

/// The operations on the notification settings.
func settingsRoutes(_ database: Database, now: @escaping @Sendable () -> Date) -> [Route] {
    [
        Route(.get, "/config", .viewer, "Shows the notification settings") { request in
            let organization = request.principal.organization
            return .json(try await database.read { try NotificationSettings.of(organization, in: $0) })
        },
        Route(.patch, "/config", .admin, "Changes notification settings") { request in
            let organization = request.principal.organization
            let change = try await request.body(SettingsChange.self)
            let instant = now()
            let settings = try await database.write { db in
                let settings = try change.applied(to: NotificationSettings.of(organization, in: db)).validated()
                try settings.store(for: organization, now: instant, in: db)
                return settings
            }
            return .json(settings)
        },
    ]
}

private struct SettingsChange: JSONBody {
    typealias CodingKeys = NotificationSettings.CodingKeys

    let notificationsEnabled: Bool?
    let requireRule: Bool?
    let maxMessageLength: Int?
    let referenceLifetimeSeconds: Int?
    let silenceAlarmMinutes: Int?

    func applied(to settings: NotificationSettings) -> NotificationSettings {
        var settings = settings
        settings.notificationsEnabled = notificationsEnabled ?? settings.notificationsEnabled
        settings.requireRule = requireRule ?? settings.requireRule
        settings.maxMessageLength = maxMessageLength ?? settings.maxMessageLength
        settings.referenceLifetimeSeconds = referenceLifetimeSeconds ?? settings.referenceLifetimeSeconds
        settings.silenceAlarmMinutes = silenceAlarmMinutes ?? settings.silenceAlarmMinutes
        return settings
    }
}

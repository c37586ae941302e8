import Accounts
import BoundaryText
import Database
import Foundation
import WebSupport

/// What an organization can set about its notifications.
public struct NotificationSettings: Sendable, Equatable, Codable {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case notificationsEnabled = "notifications_enabled"
        case requireRule = "require_rule"
        case maxMessageLength = "max_message_length"
        case referenceLifetimeSeconds = "reference_lifetime_seconds"
        case silenceAlarmMinutes = "silence_alarm_minutes"
        case alarmRecipient = "alarm_recipient_id"
        case historyDays = "history_days"
    }

    /// Off: everything is recorded, nobody is told.
    public var notificationsEnabled = true
    /// Whether a board without an enabled rule tells nobody, not even the assigned people.
    public var requireRule = false
    /// At how many characters a note is cut.
    public var maxMessageLength = 300
    /// How long a member of the mirror serves without being fetched again.
    public var referenceLifetimeSeconds = 900
    /// After how long without any hook an alarm is raised.
    public var silenceAlarmMinutes = 60

    /// Who is told of alarms; nil for nobody.
    public var alarmRecipient: Recipient.ID?
    /// How many days events and deliveries are kept.
    public var historyDays = 365

    /// The defaults.
    public init() {}

    /// Members that were not there when the settings were stored have their defaults.
    public init(from decoder: any Decoder) throws {
        self.init()
        let stored = try decoder.container(keyedBy: CodingKeys.self)
        func read<Value: Decodable>(_ key: CodingKeys, _ member: inout Value) throws {
            member = try stored.decodeIfPresent(Value.self, forKey: key) ?? member
        }
        try read(.notificationsEnabled, &notificationsEnabled)
        try read(.requireRule, &requireRule)
        try read(.maxMessageLength, &maxMessageLength)
        try read(.referenceLifetimeSeconds, &referenceLifetimeSeconds)
        try read(.silenceAlarmMinutes, &silenceAlarmMinutes)
        try read(.historyDays, &historyDays)
        alarmRecipient = try stored.decodeIfPresent(Recipient.ID.self, forKey: .alarmRecipient)
    }

    /// Reads what is stored of an organization; the defaults where nothing is.
    public static func of(_ organization: Organization.ID, in db: Connection) throws -> NotificationSettings {
        let stored: String? = try db.first(
            "SELECT settings FROM notification_settings WHERE organization_id = \(organization)")?["settings"]
        guard let stored else { return NotificationSettings() }
        return try JSONDecoder().decode(NotificationSettings.self, from: Data(stored.utf8))
    }

    /// All members, those without a value as null.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(notificationsEnabled, forKey: .notificationsEnabled)
        try container.encode(requireRule, forKey: .requireRule)
        try container.encode(maxMessageLength, forKey: .maxMessageLength)
        try container.encode(referenceLifetimeSeconds, forKey: .referenceLifetimeSeconds)
        try container.encode(silenceAlarmMinutes, forKey: .silenceAlarmMinutes)
        try container.encode(alarmRecipient, forKey: .alarmRecipient)
        try container.encode(historyDays, forKey: .historyDays)
    }

    /// Stores all settings of an organization.
    public func store(for organization: Organization.ID, now: Date, in db: Connection) throws {
        let text = String(decoding: try JSONEncoder().encode(self), as: UTF8.self)
        try db.execute(
            """
            INSERT INTO notification_settings (organization_id, settings, updated_at)
            VALUES (\(organization), \(text), \(now))
            ON CONFLICT (organization_id) DO UPDATE SET settings = excluded.settings, updated_at = excluded.updated_at
            """)
    }

    /// The largest and smallest values that make sense.
    /// - Throws: 422 with the fields at fault.
    func validated() throws(Problem) -> NotificationSettings {
        var errors: [Problem.FieldError] = []
        func check(_ value: Int, _ range: ClosedRange<Int>, _ field: CodingKeys) {
            guard !range.contains(value) else { return }
            errors.append(
                .init(
                    field: field.rawValue, code: "out_of_range",
                    message: "must be from \(range.lowerBound) to \(range.upperBound)."))
        }
        check(maxMessageLength, 50...5_000, .maxMessageLength)
        check(referenceLifetimeSeconds, 0...86_400, .referenceLifetimeSeconds)
        check(silenceAlarmMinutes, 5...10_080, .silenceAlarmMinutes)
        check(historyDays, 7...3_650, .historyDays)
        guard errors.isEmpty else { throw .invalid(errors) }
        return self
    }
}

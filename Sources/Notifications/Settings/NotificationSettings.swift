import API
import Accounts
import BoundaryText
import Database
import Foundation
import WebSupport

/// What an organization can set about its notifications.
public struct NotificationSettings: Sendable, Equatable, Codable {
    /// As stored; never renamed.
    public enum CodingKeys: String, CodingKey, CaseIterable {
        case notificationsEnabled = "notifications_enabled"
        case requireRule = "require_rule"
        case maxMessageLength = "max_message_length"
        case alertRecipient = "alert_recipient_id"
    }

    /// Disabled: everything is recorded, no one is notified.
    public var notificationsEnabled = true
    /// Whether no one is notified about a board without an enabled rule, not even assigned people.
    public var requireRule = false
    /// At how many characters a note is cut.
    public var maxMessageLength = 300
    /// Who is notified about alerts; nil for no one.
    public var alertRecipient: Recipient.ID?

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
        alertRecipient = try stored.decodeIfPresent(Recipient.ID.self, forKey: .alertRecipient)
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
        try container.encode(alertRecipient, forKey: .alertRecipient)
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

    /// Whether the recipient of alerts exists, if there is one.
    package func hasKnownRecipient(of organization: Organization.ID, in db: Connection) throws -> Bool {
        try alertRecipient.map { try RecipientStore.find($0, of: organization, in: db) != nil } ?? true
    }

    /// What is out of its range.
    package var faults: [Problem.FieldError] {
        [
            Problem.FieldError(
                maxMessageLength, in: 50...5_000, field: Config.Change.CodingKeys.maxMessageLength.rawValue)
        ]
        .compactMap(\.self)
    }
}

import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// The settings of an organization.
public enum Config {
    /// All settings.
    public struct Answer: Codable, Sendable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case notificationsEnabled = "notifications_enabled"
            case requireRule = "require_rule"
            case maxMessageLength = "max_message_length"
            case memberCacheSeconds = "member_cache_seconds"
            case silenceAlertMinutes = "silence_alert_minutes"
            case alertRecipient = "alert_recipient_id"
            case historyDays = "history_days"
        }

        /// Disabled: everything is recorded, no one is notified.
        public var notificationsEnabled: Bool
        /// Whether no one is notified about a board without an enabled rule, not even assigned people.
        public var requireRule: Bool
        /// At how many characters a note is cut.
        public var maxMessageLength: Int
        /// How long a member is not read again.
        public var memberCacheSeconds: Int
        /// After how long without a callback, although tickets change, there is an alert.
        public var silenceAlertMinutes: Int
        /// Who is notified about alerts; nil for no one.
        public var alertRecipient: Recipients.ID?
        /// How long events and deliveries are kept.
        public var historyDays: Int

        public init(
            notificationsEnabled: Bool, requireRule: Bool, maxMessageLength: Int, memberCacheSeconds: Int,
            silenceAlertMinutes: Int, alertRecipient: Recipients.ID?, historyDays: Int
        ) {
            self.notificationsEnabled = notificationsEnabled
            self.requireRule = requireRule
            self.maxMessageLength = maxMessageLength
            self.memberCacheSeconds = memberCacheSeconds
            self.silenceAlertMinutes = silenceAlertMinutes
            self.alertRecipient = alertRecipient
            self.historyDays = historyDays
        }

        /// All members, those without a value as null.
        public func encode(to encoder: any Encoder) throws {
            var members = encoder.container(keyedBy: CodingKeys.self)
            try members.encode(notificationsEnabled, forKey: .notificationsEnabled)
            try members.encode(requireRule, forKey: .requireRule)
            try members.encode(maxMessageLength, forKey: .maxMessageLength)
            try members.encode(memberCacheSeconds, forKey: .memberCacheSeconds)
            try members.encode(silenceAlertMinutes, forKey: .silenceAlertMinutes)
            try members.encode(alertRecipient, forKey: .alertRecipient)
            try members.encode(historyDays, forKey: .historyDays)
        }
    }

    /// What changing them takes. What is missing stays; null notifies no one about alerts.
    public struct Change: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case notificationsEnabled = "notifications_enabled"
            case requireRule = "require_rule"
            case maxMessageLength = "max_message_length"
            case memberCacheSeconds = "member_cache_seconds"
            case silenceAlertMinutes = "silence_alert_minutes"
            case alertRecipient = "alert_recipient_id"
            case historyDays = "history_days"
        }

        public let notificationsEnabled: Bool?
        public let requireRule: Bool?
        public let maxMessageLength: Int?
        public let memberCacheSeconds: Int?
        public let silenceAlertMinutes: Int?
        public let alertRecipient: Changed<Recipients.ID>
        public let historyDays: Int?

        public init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: CodingKeys.self)
            notificationsEnabled = try members.decodeIfPresent(Bool.self, forKey: .notificationsEnabled)
            requireRule = try members.decodeIfPresent(Bool.self, forKey: .requireRule)
            maxMessageLength = try members.decodeIfPresent(Int.self, forKey: .maxMessageLength)
            memberCacheSeconds = try members.decodeIfPresent(Int.self, forKey: .memberCacheSeconds)
            silenceAlertMinutes = try members.decodeIfPresent(Int.self, forKey: .silenceAlertMinutes)
            alertRecipient = try Changed(members, .alertRecipient)
            historyDays = try members.decodeIfPresent(Int.self, forKey: .historyDays)
        }
    }

    public static let show = Operation(
        "showConfig", .get, "/config", .viewer, .config, "Show the settings", gives: Answer.self)
    public static let update = Operation(
        "updateConfig", .patch, "/config", also: [Alias(.put, "/config")], .admin, .config, "Update the settings",
        takes: Change.self, gives: Answer.self)
}

import API
import Accounts
import BoundaryText
import Database
import Foundation
import WebSupport

/// What an organization can set about what is read of its ticketing systems.
public struct TicketingSettings: Sendable, Equatable, Codable {
    /// As stored; never renamed.
    public enum CodingKeys: String, CodingKey, CaseIterable {
        case memberCacheSeconds = "member_cache_seconds"
        case silenceAlertMinutes = "silence_alert_minutes"
        case historyDays = "history_days"
    }

    /// How long a member of the mirror serves without being fetched again.
    public var memberCacheSeconds = 900
    /// After how long without any hook an alert is raised.
    public var silenceAlertMinutes = 60
    /// How many days events are kept, and what followed from them.
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
        try read(.memberCacheSeconds, &memberCacheSeconds)
        try read(.silenceAlertMinutes, &silenceAlertMinutes)
        try read(.historyDays, &historyDays)
    }

    /// Reads what is stored of an organization; the defaults where nothing is.
    public static func of(_ organization: Organization.ID, in db: Connection) throws -> TicketingSettings {
        let stored: String? = try db.first(
            "SELECT settings FROM ticketing_settings WHERE organization_id = \(organization)")?["settings"]
        guard let stored else { return TicketingSettings() }
        return try JSONDecoder().decode(TicketingSettings.self, from: Data(stored.utf8))
    }

    /// Stores all settings of an organization.
    public func store(for organization: Organization.ID, now: Date, in db: Connection) throws {
        let text = String(decoding: try JSONEncoder().encode(self), as: UTF8.self)
        try db.execute(
            """
            INSERT INTO ticketing_settings (organization_id, settings, updated_at)
            VALUES (\(organization), \(text), \(now))
            ON CONFLICT (organization_id) DO UPDATE SET settings = excluded.settings, updated_at = excluded.updated_at
            """)
    }

    /// What is out of its range.
    package var faults: [Problem.FieldError] {
        [
            Problem.FieldError(
                memberCacheSeconds, in: 0...86_400, field: Config.Change.CodingKeys.memberCacheSeconds.rawValue),
            Problem.FieldError(
                silenceAlertMinutes, in: 5...10_080, field: Config.Change.CodingKeys.silenceAlertMinutes.rawValue),
            Problem.FieldError(historyDays, in: 7...3_650, field: Config.Change.CodingKeys.historyDays.rawValue),
        ].compactMap(\.self)
    }
}

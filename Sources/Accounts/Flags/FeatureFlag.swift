import API
import BoundaryText
import Database

/// A feature flag.
public typealias FeatureFlag = FeatureFlags.Name

extension FeatureFlag: SQLConvertible, SQLDecodable {}

extension FeatureFlag {
    /// The value until the organization sets one.
    public var isOnByDefault: Bool {
        switch self {
        case .connectWise, .numberManagement: true
        case .threeCX, .bulkAssignment, .manualPhoneEntry: false
        }
    }

    /// A description of the feature, for people.
    public var summary: String {
        switch self {
        case .connectWise: "Connect ConnectWise PSA: tickets, notifications and everything Patchbay writes to it."
        case .threeCX: "Manage users and numbers of 3CX systems."
        case .numberManagement: "Keep an inventory of phone numbers."
        case .bulkAssignment: "Assign numbers to many users at once."
        case .manualPhoneEntry: "Let engineers enter a phone number instead of choosing one from the inventory."
        }
    }
}

/// Stores feature flags.
public enum FeatureFlagStore {
    /// Whether a flag is enabled for an organization.
    public static func isOn(_ flag: FeatureFlag, for organization: Organization.ID, in db: Connection) throws -> Bool {
        let row = try db.first(
            "SELECT enabled FROM feature_flags WHERE organization_id = \(organization) AND name = \(flag)")
        return try row?["enabled"] ?? flag.isOnByDefault
    }

    /// All flags of an organization.
    static func all(of organization: Organization.ID, in db: Connection) throws -> [(flag: FeatureFlag, isOn: Bool)] {
        var set: [FeatureFlag: Bool] = [:]
        // Unknown names come from a newer version.
        for row in try db.all("SELECT name, enabled FROM feature_flags WHERE organization_id = \(organization)") {
            let name: String = try row["name"]
            if let flag = FeatureFlag(rawValue: name) { set[flag] = try row["enabled"] }
        }
        return FeatureFlag.allCases.map { ($0, set[$0] ?? $0.isOnByDefault) }
    }

    static func set(_ flag: FeatureFlag, to isOn: Bool, for organization: Organization.ID, in db: Connection) throws {
        try db.execute(
            """
            INSERT INTO feature_flags (organization_id, name, enabled) VALUES (\(organization), \(flag), \(isOn))
            ON CONFLICT (organization_id, name) DO UPDATE SET enabled = excluded.enabled
            """)
    }
}

import BoundaryText
import Database

/// What an organization may have switched on or off without a restart.
public enum FeatureFlag: String, Sendable, CaseIterable, Codable, SQLConvertible, SQLDecodable,
    LosslessStringConvertible
{
    /// The connection to ConnectWise and all that is written to it.
    case connectWise = "connectwise_integration"
    /// 3CX.
    case threeCX = "3cx_integration"
    /// The inventory of telephone numbers.
    case numberManagement = "number_management"
    /// Assigning numbers to many users at once.
    case bulkAssignment = "bulk_assignment"
    /// Entering a telephone number by hand instead of choosing one.
    case manualPhoneEntry = "allow_manual_phone_entry"

    /// From a path.
    public init?(_ description: String) {
        self.init(rawValue: description)
    }

    /// The stored name.
    public var description: String { rawValue }

    /// For an organization that never said anything else.
    public var isOnByDefault: Bool {
        switch self {
        case .connectWise, .numberManagement: true
        case .threeCX, .bulkAssignment, .manualPhoneEntry: false
        }
    }

    /// What it switches, for people.
    public var summary: String {
        switch self {
        case .connectWise: "Connect ConnectWise PSA: tickets, notifications and everything written back to it."
        case .threeCX: "Manage users and numbers of 3CX systems."
        case .numberManagement: "Keep an inventory of telephone numbers."
        case .bulkAssignment: "Assign numbers to many users in one go."
        case .manualPhoneEntry: "Let engineers type a telephone number instead of choosing one from the inventory."
        }
    }
}

/// The flags as they are set.
public enum FeatureFlags {
    /// Whether a flag is on for an organization.
    public static func isOn(_ flag: FeatureFlag, for organization: Organization.ID, in db: Connection) throws -> Bool {
        let row = try db.first(
            "SELECT enabled FROM feature_flags WHERE organization_id = \(organization) AND name = \(flag)")
        return try row?["enabled"] ?? flag.isOnByDefault
    }

    /// All flags of an organization.
    static func all(of organization: Organization.ID, in db: Connection) throws -> [(flag: FeatureFlag, isOn: Bool)] {
        var set: [FeatureFlag: Bool] = [:]
        // Unknown names are those of a newer program.
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

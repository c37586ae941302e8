import BoundaryText
import HTTPTypes
import WebSupport

/// Feature flags: what an organization has enabled, without a restart.
public enum FeatureFlags {
    /// The features.
    public enum Name: String, Sendable, CaseIterable, Codable, LosslessStringConvertible, PathPlace {
        /// The connection to ConnectWise and all that is written to it.
        case connectWise = "connectwise_integration"
        case threeCX = "3cx_integration"
        /// The inventory of phone numbers.
        case numberManagement = "number_management"
        /// Assigning numbers to many users at once.
        case bulkAssignment = "bulk_assignment"
        /// Entering a phone number by hand instead of choosing one.
        case manualPhoneEntry = "allow_manual_phone_entry"

        public init?(_ description: String) { self.init(rawValue: description) }

        public var description: String { rawValue }
    }

    /// A feature flag.
    public struct Answer: Codable, Sendable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case name, enabled, summary
        }

        public var name: Open<Name>
        public var enabled: Bool
        /// What the feature is.
        public var summary: String

        public init(name: Name, enabled: Bool, summary: String) {
            self.name = .known(name)
            self.enabled = enabled
            self.summary = summary
        }
    }

    /// What enabling or disabling one takes.
    public struct Change: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable { case enabled }

        public let enabled: Bool
    }

    public static let list = Operation(
        "listFeatureFlags", .get, "/feature-flags", .viewer, .featureFlags, "List feature flags",
        gives: Few<Answer>.self)
    public static let update = Operation(
        "updateFeatureFlag", .patch, "/feature-flags/{name}", .admin, .featureFlags, "Enable or disable a feature",
        at: Name.self, takes: Change.self, gives: Answer.self)
}

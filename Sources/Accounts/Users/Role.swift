import BoundaryText
import Database

/// What a user may do; each role may do all that the smaller ones may.
public enum Role: String, Sendable, CaseIterable, Codable, Comparable, SQLConvertible, SQLDecodable {
    /// Reads.
    case viewer
    /// Works with tickets, sessions and voice changes.
    case engineer
    /// Manages connections, rules, forwards, users up to admin, keys, flags.
    case admin
    /// Also manages owners and deletes the organization.
    case owner
    /// Crosses organizations.
    case superAdmin = "super_admin"

    private var rank: Int {
        switch self {
        case .viewer: 0
        case .engineer: 1
        case .admin: 2
        case .owner: 3
        case .superAdmin: 4
        }
    }

    /// By what they may do.
    public static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }
}

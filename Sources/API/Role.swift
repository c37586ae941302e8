import BoundaryText

/// What a user may do; each role may do all that the smaller ones may.
public enum Role: String, Sendable, CaseIterable, Codable, Comparable {
    /// Reads.
    case viewer
    /// Works with tickets, sessions and voice changes.
    case engineer
    /// Also manages rules, forwards and recipients, sends test messages and retries deliveries.
    case dispatcher
    /// Also manages connections, users up to admin, keys, flags.
    case admin
    /// Also manages owners and deletes the organization.
    case owner
    /// Crosses organizations.
    case superAdmin = "super_admin"

    private var rank: Int {
        switch self {
        case .viewer: 0
        case .engineer: 1
        case .dispatcher: 2
        case .admin: 3
        case .owner: 4
        case .superAdmin: 5
        }
    }

    /// By what they may do.
    public static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }
}

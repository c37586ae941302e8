import API
import BoundaryText
import Database

/// Something that open pages show and that changes by itself, such as deliveries. Pages list the topics that they show
/// and reload when one of them changes.
public struct LiveTopic: Sendable {
    /// The counts in the navigation. All live pages subscribe to it.
    public static let counts = "counts"

    /// The name that pages use. Several features may contribute to one topic.
    public let name: String
    /// Numbers that change whenever what an audience sees of the topic changes. Each must be found through an index.
    public let fingerprint: @Sendable (LiveAudience, Connection) throws -> [Int64]

    /// Creates a topic.
    public init(_ name: String, fingerprint: @escaping @Sendable (LiveAudience, Connection) throws -> [Int64]) {
        self.name = name
        self.fingerprint = fingerprint
    }
}

/// Whose activity updates a user's open pages: no more than the pages show.
public enum LiveAudience: Hashable, Sendable {
    /// A super admin: pages of all organizations, and the server's own work.
    case installation
    /// Users who see the whole organization.
    case organization(Organization.ID)
    /// A user limited to some customers, who sees only their own activity on live pages.
    case person(User.ID, Organization.ID)

    /// The audience of a sign-in's pages.
    public init(_ signIn: LiveSignIn) {
        if signIn.role == .superAdmin {
            self = .installation
        } else if signIn.principal.tenants != nil {
            self = .person(signIn.user, signIn.organization)
        } else {
            self = .organization(signIn.organization)
        }
    }
}

extension LiveAudience {
    /// The SQL condition for the rows that it sees, in a table with `organization_id`; nil for none.
    public var condition: SQL? {
        switch self {
        case .installation: "1 = 1"
        case .organization(let id): "organization_id = \(id)"
        case .person: nil
        }
    }
}

extension Connection {
    /// The numbers in a statement's single row, in the order of the given columns; empty if there is no row.
    public func numbers(_ statement: SQL, _ columns: [String]) throws -> [Int64] {
        guard let row = try first(statement) else { return [] }
        return try columns.map { try row[$0] }
    }
}

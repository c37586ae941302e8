import API
import BoundaryText
import Database

/// Something that open pages show and that changes by itself, such as deliveries. Pages name the topics that they show,
/// and fetch themselves again when one of them changes.
public struct LiveTopic: Sendable {
    /// What the navigation counts; all pages that change by themselves listen to it.
    public static let counts = "counts"

    /// What pages call it. Several features may contribute to one.
    public let name: String
    /// Numbers that change when what an audience sees of the topic does; each is found by an index.
    public let fingerprint: @Sendable (LiveAudience, Connection) throws -> [Int64]

    /// Describes a topic.
    public init(_ name: String, fingerprint: @escaping @Sendable (LiveAudience, Connection) throws -> [Int64]) {
        self.name = name
        self.fingerprint = fingerprint
    }
}

/// Of whose activity somebody's open pages are told: no more than the pages show.
public enum LiveAudience: Hashable, Sendable {
    /// A super administrator: pages of all organizations, and the server's own work.
    case installation
    /// Everybody who sees all of an organization.
    case organization(Organization.ID)
    /// Somebody who is limited to some customers, and sees of live pages only what is their own.
    case person(User.ID, Organization.ID)

    /// Who sits before a sign-in's pages.
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
    /// Which rows of a table with `organization_id` it sees; nil for none.
    public var condition: SQL? {
        switch self {
        case .installation: "1 = 1"
        case .organization(let id): "organization_id = \(id)"
        case .person: nil
        }
    }
}

extension Connection {
    /// The numbers of the one row of a statement, in the order of these columns; none when there is no row.
    public func numbers(_ statement: SQL, _ columns: [String]) throws -> [Int64] {
        guard let row = try first(statement) else { return [] }
        return try columns.map { try row[$0] }
    }
}

import Accounts
import BoundaryText
import Database

/// Of whose activity somebody's open pages are told: no more than the pages show.
enum LiveScope: Hashable {
    /// A super administrator's: pages of all organizations, and the server's own work.
    case installation
    /// One organization's.
    case organization(Organization.ID)
    /// What somebody wrote to tickets: of the live pages, limited people have only this one.
    case posts(User.ID, Organization.ID)

    init(_ session: LiveSession) {
        if session.role == .superAdmin {
            self = .installation
        } else if session.principal.tenants != nil {
            self = .posts(session.user, session.organization)
        } else {
            self = .organization(session.organization)
        }
    }

    /// Numbers that change when what pages show changes; each is found by an index.
    func fingerprint(in db: Connection) throws -> [Int64] {
        switch self {
        case .installation: try Self.everything(in: db)
        case .organization(let id):
            try Self.deliveries(of: id, in: db) + Self.syncs(of: id, in: db) + Self.connections(of: id, in: db)
                + Self.posts("organization_id = \(id)", in: db)
        case .posts(let user, let organization):
            try Self.posts("organization_id = \(organization) AND user_id = \(user)", in: db)
        }
    }

    /// Changes whenever anything changes, anywhere: as long as it does not, nothing else has to be asked.
    static func everything(in db: Connection) throws -> [Int64] {
        try numbers(
            """
            SELECT (SELECT COALESCE(MAX(id), 0) FROM deliveries) AS a,
                (SELECT COALESCE(MAX(finished_at), 0) FROM job_history) AS b,
                (SELECT COALESCE(SUM(done), 0) FROM syncs) AS c,
                (SELECT COALESCE(MAX(started_at), 0) FROM syncs) AS d,
                (SELECT COALESCE(MAX(id), 0) FROM posts) AS e
            """, 5, in: db)
    }

    /// The newest in detail; of older ones, which of them wait or were given up.
    private static func deliveries(of id: Organization.ID, in db: Connection) throws -> [Int64] {
        func edge(_ function: SQL, _ state: String) -> SQL {
            "(SELECT COALESCE(\(function)(id), 0) FROM deliveries WHERE organization_id = \(id) AND state = \(state))"
        }
        return try numbers(
            """
            SELECT COALESCE(MAX(id), 0) AS a, COALESCE(SUM(attempts), 0) AS b, COALESCE(MAX(sent_at), 0) AS c,
                COALESCE(SUM(CASE state WHEN 'queued' THEN 1 WHEN 'sent' THEN 100 WHEN 'failed' THEN 10000
                    WHEN 'uncertain' THEN 1000000 ELSE 0 END), 0) AS d,
                \(edge("MIN", "queued")) AS e, \(edge("MAX", "queued")) AS f, \(edge("MIN", "failed")) AS g,
                \(edge("MAX", "failed")) AS h, \(edge("MAX", "uncertain")) AS i
            FROM (
                SELECT id, attempts, sent_at, state FROM deliveries WHERE organization_id = \(id)
                ORDER BY id DESC LIMIT 50) AS newest
            """, 9, in: db)
    }

    private static func posts(_ condition: SQL, in db: Connection) throws -> [Int64] {
        try numbers(
            """
            SELECT COALESCE(MAX(id), 0) AS a, COALESCE(SUM(attempts), 0) AS b, COALESCE(MAX(settled_at), 0) AS c,
                COALESCE(MAX(tried_at), 0) AS d,
                COALESCE(SUM(CASE state WHEN 'queued' THEN 1 WHEN 'sent' THEN 100 WHEN 'failed' THEN 10000
                    ELSE 0 END), 0) AS e
            FROM (
                SELECT id, attempts, settled_at, tried_at, state FROM posts WHERE \(condition)
                ORDER BY id DESC LIMIT 50) AS newest
            """, 5, in: db)
    }

    private static func syncs(of id: Organization.ID, in db: Connection) throws -> [Int64] {
        try numbers(
            """
            SELECT COALESCE(SUM(done), 0) AS a, COALESCE(SUM(run), 0) AS b, COALESCE(MAX(started_at), 0) AS c,
                COALESCE(MAX(finished_at), 0) AS d
            FROM syncs WHERE organization_id = \(id)
            """, 4, in: db)
    }

    private static func connections(of id: Organization.ID, in db: Connection) throws -> [Int64] {
        let states: SQL = """
            COALESCE(MAX(last_validated_at), 0) AS a,
                COALESCE(SUM(CASE state WHEN 'ok' THEN id ELSE 0 END), 0) AS b
            """
        return try numbers(
            """
            SELECT \(states), COALESCE(MAX(last_hook_at), 0) AS c, COALESCE(MAX(silent_since), 0) AS d
            FROM psa_connections WHERE organization_id = \(id)
            """, 4, in: db)
            + numbers("SELECT \(states) FROM chat_connections WHERE organization_id = \(id)", 2, in: db)
    }

    /// The first numbers of the one row of a statement, which are named `a`, `b` and so on.
    private static func numbers(_ statement: SQL, _ count: Int, in db: Connection) throws -> [Int64] {
        guard let row = try db.first(statement) else { return [] }
        return try ["a", "b", "c", "d", "e", "f", "g", "h", "i"].prefix(count).map { try row[$0] }
    }
}

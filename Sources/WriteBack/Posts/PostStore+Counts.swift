import API
import Accounts
import BoundaryText
import Database

extension PostStore {
    /// See ``LiveTopic``.
    static func fingerprint(_ audience: LiveAudience, in db: Connection) throws -> [Int64] {
        let condition: SQL
        switch audience {
        case .installation:
            // Each settled post ends a job, or leaves one with another time.
            return try db.numbers("SELECT COALESCE(MAX(id), 0) AS a FROM posts", ["a"])
                + db.numbers("SELECT COALESCE(MAX(finished_at), 0) AS a FROM job_history", ["a"])
                + newest("1 = 1", in: db)
        case .organization(let id): condition = "organization_id = \(id)"
        case .person(let user, let organization):
            condition = "organization_id = \(organization) AND user_id = \(user)"
        }
        return try newest(condition, in: db)
    }

    private static func newest(_ condition: SQL, in db: Connection) throws -> [Int64] {
        try db.numbers(
            """
            SELECT COALESCE(MAX(id), 0) AS a, COALESCE(SUM(attempts), 0) AS b, COALESCE(MAX(settled_at), 0) AS c,
                COALESCE(MAX(tried_at), 0) AS d,
                COALESCE(SUM(CASE state WHEN 'queued' THEN 1 WHEN 'sent' THEN 100 WHEN 'failed' THEN 10000
                    ELSE 0 END), 0) AS e
            FROM (
                SELECT id, attempts, settled_at, tried_at, state FROM posts WHERE \(condition)
                ORDER BY id DESC LIMIT 50) AS newest
            """, ["a", "b", "c", "d", "e"])
    }

    /// See ``LiveTopic``: how many there are to act on, as the navigation shows it.
    static func countFingerprint(_ audience: LiveAudience, in db: Connection) throws -> [Int64] {
        let whose: SQL
        switch audience {
        case .installation:
            return try db.numbers("SELECT COALESCE(MAX(finished_at), 0) AS a FROM job_history", ["a"])
                + newest("1 = 1", in: db)
        case .organization(let id): whose = "organization_id = \(id)"
        case .person(let user, let organization): whose = "organization_id = \(organization) AND user_id = \(user)"
        }
        return try db.numbers(
            """
            SELECT COUNT(*) AS a FROM (
                SELECT 1 FROM posts WHERE \(whose) AND state IN (\(list: [Post.State.failed, .queued]))
                LIMIT 1000) AS counted
            """, ["a"])
    }
}

/// How many writes to tickets need attention.
public enum PostCount {
    /// Those that failed or wait, counted up to a limit: one's own, and everybody's for administrators.
    public static func toActOn(for principal: Principal, limit: Int, in db: Connection) throws -> Int {
        let organization = principal.organization
        let whose: SQL = principal.role >= .admin ? "" : " AND user_id = \(principal.user.rawValue)"
        return try db.first(
            """
            SELECT COUNT(*) AS n FROM (
                SELECT 1 FROM posts WHERE organization_id = \(organization)
                    AND state IN (\(list: [Post.State.failed, .queued]))\(whose) LIMIT \(limit)) AS counted
            """)?["n"] ?? 0
    }
}

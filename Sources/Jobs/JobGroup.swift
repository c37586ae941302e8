import BoundaryText
import Database
import Foundation

/// A group of lanes of which something of a priority is ready. There are about as many as outside systems, so all are
/// looked at where jobs are claimed, whatever waits in them.
struct JobGroup {
    /// The name of what is in no group.
    static let none = ""

    let name: String
    let priority: JobPriority
    /// When its first job is to run.
    private let head: Date
    /// When the first is to run whose time has not come yet.
    private let later: Date?
    /// Until when it is paused.
    private let until: Date?

    /// Nil when nothing of the priority is ready.
    private init?(row: Row) throws {
        guard let head: Date = try row["head"] else { return nil }
        self.head = head
        name = try row["name"]
        priority = try row["priority"]
        later = try row["later"]
        until = try row["until"]
    }

    /// When its first job may run.
    var due: Date { until.map { max(head, $0) } ?? head }

    /// When something may run of what is not due yet; nil when there is no such.
    func next(after now: Date) -> Date? {
        due > now ? due : later.map { later in until.map { max(later, $0) } ?? later }
    }

    static func all(at now: Date, in db: Connection) throws -> [JobGroup] {
        try db.all(query(at: now)).compactMap(JobGroup.init(row:))
    }

    /// Goes from one name in the index to the next.
    static func query(at now: Date) -> SQL {
        """
        WITH RECURSIVE names (name) AS (
            SELECT (SELECT lane_group FROM jobs WHERE state = 'ready' ORDER BY lane_group LIMIT 1)
            UNION ALL
            SELECT (
                SELECT j.lane_group FROM jobs j WHERE j.state = 'ready' AND j.lane_group > names.name
                ORDER BY j.lane_group LIMIT 1)
            FROM names WHERE names.name IS NOT NULL)
        SELECT names.name, v.column1 AS priority, (
                SELECT j.run_at FROM jobs j
                WHERE j.state = 'ready' AND j.lane_group = names.name AND j.priority = v.column1
                ORDER BY j.lane_group, j.priority, j.run_at LIMIT 1) AS head, (
                SELECT j.run_at FROM jobs j
                WHERE j.state = 'ready' AND j.lane_group = names.name AND j.priority = v.column1 AND j.run_at > \(now)
                ORDER BY j.lane_group, j.priority, j.run_at LIMIT 1) AS later,
            p.until
        FROM names CROSS JOIN (VALUES \(column: JobPriority.allCases.map(\.rawValue))) AS v
            LEFT JOIN lane_pauses p ON p.lane_group = names.name
        WHERE names.name IS NOT NULL
        """
    }
}

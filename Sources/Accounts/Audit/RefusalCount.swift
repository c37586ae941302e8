import API
import BoundaryText
import Database
import Foundation

/// Keeps those who are refused from filling the record, of which nothing can ever be removed: of each caller the first
/// refusals of a minute are written one by one, the others are counted, and one entry says how many they were.
///
/// A caller is a user, by whatever means; all that nobody's account stands behind is one caller.
enum RefusalCount {
    /// How many are written one by one.
    static let written = 10
    /// In how many seconds.
    static let span = 60.0

    /// Counts a refusal.
    /// - Returns: whether it is to be written.
    static func isWritten(
        _ action: String, by actor: Actor, of organization: Organization.ID, now: Date, in db: Connection
    ) throws -> Bool {
        let caller = "\(organization) \(action) \(actor.user.map { "\($0)" } ?? "nobody")"
        // Two refusals at once must not both begin the minute.
        try db.lock("refusals:\(caller)")
        let over = try db.all(
            "DELETE FROM refusal_counts WHERE caller = \(caller) AND began_at <= \(now - span) RETURNING *")
        for row in over { try sumUp(row, now: now, in: db) }
        let row = try db.first(
            """
            INSERT INTO refusal_counts (caller, organization_id, action, actor_id, actor, means, number, began_at)
            VALUES (
                \(caller), \(organization), \(action), \(orNull: actor.user),
                \(actor.user == nil ? "several" : actor.name), \(actor.authMethod), 1, \(now))
            ON CONFLICT (caller) DO UPDATE SET number = refusal_counts.number + 1 RETURNING number
            """)
        return try row?["number"] ?? 1 <= written
    }

    /// Puts on record what was counted in minutes that are over.
    static func close(now: Date, in db: Connection) throws {
        // All rows are held before any chain is, as ``isWritten(_:by:of:now:in:)`` does it.
        try db.lock("refusals")
        let over = try db.all("DELETE FROM refusal_counts WHERE began_at <= \(now - span) RETURNING *")
        for row in over { try sumUp(row, now: now, in: db) }
    }

    private static func sumUp(_ row: Row, now: Date, in db: Connection) throws {
        let (number, user): (Int, User.ID?) = (try row["number"], try row["actor_id"])
        guard number > written else { return }
        let actor = Actor(user: user, name: try row["actor"], authMethod: try row["means"], address: nil)
        try AuditLog.append(
            try row["action"], on: "\(number - written) more in one minute", by: actor,
            of: try row["organization_id"], after: ["count": number - written], result: .refused, now: now, in: db)
    }
}

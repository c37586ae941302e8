import API
import BoundaryText
import Database
import Foundation

/// Prevents refused requests from filling the audit log, which is append-only: per caller, the first refusals of a
/// minute get entries of their own. The others are counted, and one entry states their number.
///
/// A caller is a user, however authenticated. All requests without a user count as one caller.
enum RefusalCount {
    /// The number of refusals with entries of their own.
    static let written = 10
    /// The time span, in seconds.
    static let span = 60.0

    /// Counts a refusal.
    /// - Returns: Whether to add an entry for it.
    static func isWritten(
        _ action: String, by actor: Actor, of organization: Organization.ID, now: Date, in db: Connection
    ) throws -> Bool {
        let caller = "\(organization) \(action) \(actor.user.map { "\($0)" } ?? "nobody")"
        // Two concurrent refusals must not both start the minute.
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

    /// Adds entries for the counts whose minute is over.
    static func close(now: Date, in db: Connection) throws {
        // Locks all rows before any chain, in the same order as ``isWritten(_:by:of:now:in:)``.
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

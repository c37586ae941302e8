import API
import BoundaryText
import Database
import Foundation
import WebSupport

/// The audit log: append-only and chained, so that altered or removed entries are detected.
public enum AuditLog {
    /// Which entries to list.
    public struct Filter: Sendable, Equatable {
        /// The actor's name.
        public var actor: String?
        /// An action, or the part before the dot for all actions of a kind.
        public var action: String?
        /// The target.
        public var target: String?
        /// The earliest time, inclusive.
        public var since: Date?
        /// The latest time, inclusive.
        public var until: Date?

        /// Creates a filter that matches everything.
        public init() {}
    }

    /// Adds an entry in the caller's transaction, so that it exists if and only if the change does. Of refusals, only
    /// the first few per minute get entries of their own, see ``RefusalCount``.
    /// - Parameter key: The key that seals the entry; by default the one attached to the database.
    public static func record(
        _ action: String, on target: String, by actor: Actor, of organization: Organization.ID,
        before: (any Encodable)? = nil, after: (any Encodable)? = nil, result: AuditEntry.Result = .done, now: Date,
        key: AuditKey? = nil, in db: Connection
    ) throws {
        switch result {
        case .done: try actor.hold?.noteDone(in: db)
        case .refused:
            guard try RefusalCount.isWritten(action, by: actor, of: organization, now: now, in: db) else { return }
        case .failed: break
        }
        try append(
            action, on: target, by: actor, of: organization, before: before, after: after, result: result, now: now,
            key: key, in: db)
    }

    /// Appends an entry to the chain.
    static func append(
        _ action: String, on target: String, by actor: Actor, of organization: Organization.ID,
        before: (any Encodable)? = nil, after: (any Encodable)? = nil, result: AuditEntry.Result, now: Date,
        key: AuditKey? = nil, in db: Connection
    ) throws {
        // The row lock serializes entries of one organization, so that each knows the previous one.
        let advance: SQL = """
            UPDATE audit_heads SET number = number + 1 WHERE organization_id = \(organization)
            RETURNING number, hash, seal
            """
        var row = try db.first(advance)
        var isFirst = false
        if row == nil {
            // The organization's first entry.
            isFirst =
                try db.execute(
                    """
                    INSERT INTO audit_heads (organization_id, number, hash) VALUES (\(organization), 0, \([UInt8]()))
                    ON CONFLICT (organization_id) DO NOTHING
                    """) == 1
            row = try db.first(advance)
        }
        guard let row else { throw DatabaseError.statement("the audit log has no head") }
        let number: Int64 = try row["number"]
        let previous = AuditHead(organization: organization, number: number - 1, hash: try row["hash"])
        let entry = AuditEntry(
            number: number, at: now, by: actor, action: action, target: target.cut(toBytes: 200),
            before: try before.map(text), after: try after.map(text), result: result)
        let hash = entry.hash(after: previous.hash, of: organization)
        try db.execute(
            """
            INSERT INTO audit_entries (
                organization_id, number, at, actor_id, actor, means, address, action, target, before_value, after_value,
                result, hash)
            VALUES (
                \(organization), \(entry.number), \(entry.at), \(orNull: entry.actorID), \(entry.actor), \(entry.authMethod),
                \(orNull: entry.address), \(entry.action), \(entry.target), \(orNull: entry.before),
                \(orNull: entry.after), \(entry.result), \(hash))
            """)
        let head = AuditHead(organization: organization, number: number, hash: hash)
        let seal = try seal(of: head, after: previous, sealed: try row["seal"], isFirst: isFirst, key, in: db)
        try db.execute(
            "UPDATE audit_heads SET hash = \(hash), seal = \(orNull: seal) WHERE organization_id = \(organization)")
    }

    /// The seal of an advanced head. A head that was altered keeps its wrong seal, because a new seal would hide the
    /// alteration.
    private static func seal(
        of head: AuditHead, after previous: AuditHead, sealed: [UInt8]?, isFirst: Bool, _ key: AuditKey?,
        in db: Connection
    ) throws -> [UInt8]? {
        guard let key = key ?? db.belonging(AuditKey.self) else {
            guard sealed == nil else { throw DatabaseError.statement("the key of the audit log was not opened") }
            return nil
        }
        let isTrusted = try isFirst ? key.register(head.organization, in: db) : key.accepts(sealed, of: previous)
        return isTrusted ? key.seal(of: head) : sealed
    }

    /// The heads of all chains.
    public static func heads(in db: Connection) throws -> [AuditHead] {
        try db.all("SELECT organization_id, number, hash FROM audit_heads ORDER BY organization_id").map { row in
            AuditHead(organization: try row["organization_id"], number: try row["number"], hash: try row["hash"])
        }
    }

    private static func text(_ value: any Encodable) throws -> String {
        String(decoding: try APIJSON.encode(value, sortedKeys: true), as: UTF8.self)
    }

    /// Matching entries, newest first.
    public static func list(
        _ filter: Filter, of organization: Organization.ID, page: PageRequest, in db: Connection
    ) throws -> Page<AuditEntry> {
        var query: SQL = "SELECT * FROM audit_entries WHERE organization_id = \(organization)"
        if let number = page.after?.number { query += " AND number < \(number)" }
        if let actor = filter.actor {
            // Entries have a user's address as it was entered, which may differ in case from the one in the filter.
            let user = try db.first("SELECT email FROM users WHERE email_key = \(actor.lowercased())")
            query += " AND actor = \(try user?["email"] ?? actor)"
        }
        if let action = filter.action {
            // "/" follows "." in ASCII, so this range contains exactly the actions that start with "rule."; actions are
            // ASCII and sorted by bytes.
            query +=
                action.utf8.contains(".")
                ? " AND action = \(action)" : " AND action >= \(action + ".") AND action < \(action + "/")"
        }
        if let target = filter.target { query += " AND target = \(target)" }
        if let since = filter.since { query += " AND at >= \(since)" }
        if let until = filter.until { query += " AND at <= \(until)" }
        query += " ORDER BY number DESC LIMIT \(page.limit + 1)"
        return Page(try db.all(query, as: AuditEntry.self), limit: page.limit) { "\($0.number)" }
    }
}

import BoundaryText
import Database
import Foundation
import WebSupport

/// The record of who did what: append only, and chained, so that an entry that was altered or removed shows.
public enum AuditLog {
    /// Which entries to show.
    public struct Filter: Sendable, Equatable {
        /// The actor's name.
        public var actor: String?
        /// An action, or the part before the dot for all of a kind.
        public var action: String?
        /// The thing.
        public var target: String?
        /// Not before.
        public var since: Date?
        /// Not after.
        public var until: Date?

        /// Everything.
        public init() {}
    }

    /// Writes an entry in the caller's transaction, so that it is there if and only if what it tells of is.
    public static func record(
        _ action: String, on target: String, by actor: Actor, of organization: Organization.ID,
        before: (any Encodable)? = nil, after: (any Encodable)? = nil, result: AuditEntry.Result = .done, now: Date,
        in db: Connection
    ) throws {
        if result == .done { try actor.hold?.noteDone(in: db) }
        // The row's lock makes entries of one organization wait for each other, so that each knows the one before it.
        let advance: SQL = """
            UPDATE audit_heads SET number = number + 1 WHERE organization_id = \(organization) RETURNING number, hash
            """
        var head = try db.first(advance)
        if head == nil {
            // The first entry of all.
            try db.execute(
                """
                INSERT INTO audit_heads (organization_id, number, hash) VALUES (\(organization), 0, \([UInt8]()))
                ON CONFLICT (organization_id) DO NOTHING
                """)
            head = try db.first(advance)
        }
        guard let head else { throw DatabaseError.statement("the audit log has no head") }
        let entry = AuditEntry(
            number: try head["number"], at: now, by: actor, action: action, target: target.cut(toBytes: 200),
            before: try before.map(text), after: try after.map(text), result: result)
        let hash = entry.hash(after: try head["hash"], of: organization)
        try db.execute(
            """
            INSERT INTO audit_entries (
                organization_id, number, at, actor_id, actor, means, address, action, target, before_value, after_value,
                result, hash)
            VALUES (
                \(organization), \(entry.number), \(entry.at), \(orNull: entry.actorID), \(entry.actor), \(entry.means),
                \(orNull: entry.address), \(entry.action), \(entry.target), \(orNull: entry.before),
                \(orNull: entry.after), \(entry.result), \(hash))
            """)
        try db.execute("UPDATE audit_heads SET hash = \(hash) WHERE organization_id = \(organization)")
    }

    private static func text(_ value: any Encodable) throws -> String {
        String(decoding: try APIJSON.encode(value, sortedKeys: true), as: UTF8.self)
    }

    /// Entries that fit, newest first.
    public static func list(
        _ filter: Filter, of organization: Organization.ID, page: PageRequest, in db: Connection
    ) throws -> Page<AuditEntry> {
        var query: SQL = "SELECT * FROM audit_entries WHERE organization_id = \(organization)"
        if let number = page.after?.number { query += " AND number < \(number)" }
        if let actor = filter.actor { query += " AND actor = \(actor)" }
        if let action = filter.action {
            // "rule" is before "rule." and after "rule0" in every collation that sorts by bytes; actions are ASCII.
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

    /// What is wrong with an organization's chain.
    public struct Fault: Sendable, Equatable {
        /// Whose chain.
        public let organization: Organization.ID
        /// The first entry that does not fit.
        public let number: Int64
        /// In words.
        public let reason: String
    }

    /// Follows every chain from its first entry to its head.
    /// - Returns: how many entries were followed, and for each broken chain where.
    public static func verify(in database: Database) async throws -> (entries: Int, faults: [Fault]) {
        let heads = try await database.read { try $0.all("SELECT * FROM audit_heads ORDER BY organization_id") }
        let orphans: [Organization.ID] = try await database.read { db in
            try db.all(
                """
                SELECT DISTINCT organization_id FROM audit_entries
                WHERE organization_id NOT IN (SELECT organization_id FROM audit_heads)
                """
            ).map { try $0["organization_id"] }
        }
        var entries = 0
        var faults = orphans.map { Fault(organization: $0, number: 1, reason: "the head of the chain is missing") }
        for head in heads {
            let organization: Organization.ID = try head["organization_id"]
            let (count, fault) = try await follow(
                organization, to: try head["number"], hash: try head["hash"], in: database)
            entries += count
            if let fault { faults.append(fault) }
        }
        return (entries, faults)
    }

    private static func follow(
        _ organization: Organization.ID, to last: Int64, hash head: [UInt8], in database: Database
    ) async throws -> (Int, Fault?) {
        var (number, hash): (Int64, [UInt8]) = (0, [])
        func fault(_ at: Int64, _ reason: String) -> (Int, Fault?) {
            (Int(number), Fault(organization: organization, number: at, reason: reason))
        }
        while number < last {
            let from = number
            let rows = try await database.read { db in
                try db.all(
                    """
                    SELECT * FROM audit_entries WHERE organization_id = \(organization) AND number > \(from)
                        AND number <= \(last) ORDER BY number LIMIT 500
                    """)
            }
            guard !rows.isEmpty else { return fault(number + 1, "the entry is missing") }
            for row in rows {
                let entry = try AuditEntry(row: row)
                guard entry.number == number + 1 else { return fault(number + 1, "the entry is missing") }
                let stored: [UInt8] = try row["hash"]
                guard entry.hash(after: hash, of: organization) == stored else {
                    return fault(entry.number, "the entry, or the one before it, was altered")
                }
                (number, hash) = (entry.number, stored)
            }
        }
        guard hash == head else { return fault(last, "the end of the chain was altered") }
        return (Int(number), nil)
    }
}

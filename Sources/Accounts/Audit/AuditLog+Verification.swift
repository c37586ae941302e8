import API
import BoundaryText
import Database

extension AuditLog {
    /// A fault in an organization's chain.
    public struct Fault: Sendable, Equatable {
        /// The organization that the chain belongs to.
        public let organization: Organization.ID
        /// The first faulty entry.
        public let number: Int64
        /// The fault, in words.
        public let reason: String
    }

    private struct Chain: RowDecodable {
        let head: AuditHead
        let seal: [UInt8]?
        /// The newest stored entry, which should be the head.
        let newest: Int64

        init(row: Row) throws {
            head = AuditHead(organization: try row["organization_id"], number: try row["number"], hash: try row["hash"])
            seal = try row["seal"]
            newest = try row["newest"]
        }
    }

    /// Verifies every chain from its first entry to its head, and the seals if the key is attached to the database.
    /// - Returns: The number of verified entries, and the faults.
    public static func verify(in database: Database) async throws -> (entries: Int, faults: [Fault]) {
        // Holds the lock of the list, so that no chain is started in between. One statement reads each head with its
        // entries, so that concurrent writes do not appear as faults.
        let (chains, orphans, key, list) = try await database.write { db in
            try AuditKey.lockChains(in: db)
            let orphans: [Organization.ID] = try db.all(
                """
                SELECT DISTINCT organization_id FROM audit_entries
                WHERE organization_id NOT IN (SELECT organization_id FROM audit_heads)
                """
            ).map { try $0["organization_id"] }
            let chains = try db.all(
                """
                SELECT h.organization_id, h.number, h.hash, h.seal, COALESCE((
                    SELECT MAX(e.number) FROM audit_entries e WHERE e.organization_id = h.organization_id), 0) AS newest
                FROM audit_heads h ORDER BY h.organization_id
                """, as: Chain.self)
            let key = db.belonging(AuditKey.self)
            return (chains, orphans, key, try key?.chains(in: db))
        }
        var entries = 0
        var faults = orphans.map { Fault(organization: $0, number: 1, reason: "the head of the chain is missing") }
        if key != nil { faults += missing(chains.map(\.head.organization) + orphans, in: list) }
        for chain in chains {
            let (count, fault) = try await follow(chain.head, in: database)
            entries += count
            if let fault = fault ?? self.fault(of: chain, key) { faults.append(fault) }
        }
        return (entries, faults)
    }

    private static func missing(_ present: [Organization.ID], in list: AuditKey.Chains?) -> [Fault] {
        guard let list, list.isSealed else {
            return [Fault(organization: .installation, number: 1, reason: "the list of the chains was altered")]
        }
        return list.organizations.filter { !present.contains($0) }.map {
            Fault(organization: $0, number: 1, reason: "the whole chain is missing")
        }
    }

    private static func fault(of chain: Chain, _ key: AuditKey?) -> Fault? {
        let head = chain.head
        func fault(_ number: Int64, _ reason: String) -> Fault {
            Fault(organization: head.organization, number: number, reason: reason)
        }
        if chain.newest > head.number {
            return fault(head.number + 1, "the entry was added after the end of the chain")
        }
        guard let key, !key.accepts(chain.seal, of: head) else { return nil }
        return fault(
            head.number,
            chain.seal == nil
                ? "the end of the chain has no seal"
                : "the end of the chain was altered, or the whole chain was recomputed: its seal is wrong")
    }

    private static func follow(_ head: AuditHead, in database: Database) async throws -> (Int, Fault?) {
        let organization = head.organization
        var (number, hash): (Int64, [UInt8]) = (0, [])
        func fault(_ at: Int64, _ reason: String) -> (Int, Fault?) {
            (Int(clamping: number), Fault(organization: organization, number: at, reason: reason))
        }
        while number < head.number {
            let from = number
            let rows = try await database.read { db in
                try db.all(
                    """
                    SELECT * FROM audit_entries WHERE organization_id = \(organization) AND number > \(from)
                        AND number <= \(head.number) ORDER BY number LIMIT 500
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
        guard hash == head.hash else { return fault(head.number, "the end of the chain was altered") }
        return (Int(clamping: number), nil)
    }

    /// Compares a head that was recorded elsewhere, such as in the server log, with the entry of that number.
    /// - Returns: The fault; nil if the entry is unchanged.
    public static func compare(
        _ organization: Organization.ID, _ number: Int64, _ hash: String, in database: Database
    ) async throws -> Fault? {
        let stored: [UInt8]? = try await database.read { db in
            try db.first(
                "SELECT hash FROM audit_entries WHERE organization_id = \(organization) AND number = \(number)"
            )?["hash"]
        }
        guard let stored else {
            return Fault(organization: organization, number: number, reason: "the entry is missing")
        }
        guard Hexadecimal.text(stored) == hash.lowercased() else {
            return Fault(
                organization: organization, number: number,
                reason: "the entry, or one before it, is not what it was when its hash was written down")
        }
        return nil
    }
}

import API
import BoundaryText
import Crypto
import Database
import Foundation
import Sealing

/// The head of an organization's chain; it vouches for all entries before it.
public struct AuditHead: Sendable, Equatable {
    /// The organization that the chain belongs to.
    public let organization: Organization.ID
    /// The number of the last entry.
    public let number: Int64
    /// The hash of the last entry.
    public let hash: [UInt8]

    /// The hash in the form that is logged.
    public var hexadecimalHash: String { Hexadecimal.text(hash) }
}

/// Seals the chain heads of the audit log, and the list of chains: HMAC-SHA-256 under a random key, which is stored
/// sealed in the database like a credential. Without the secret, access to the database is not enough to create a seal.
///
/// A program attaches the key to the database that it writes entries to (``Database/keep(_:)``).
public struct AuditKey: Sendable {
    static let identity = "audit/key"

    private let key: SymmetricKey

    init() {
        key = SymmetricKey(size: .bits256)
    }

    private init?(text: String) {
        guard let bytes = Data(base64Encoded: text), bytes.count == 32 else { return nil }
        key = SymmetricKey(data: bytes)
    }

    private var text: String { key.withUnsafeBytes { Data($0).base64EncodedString() } }

    func seal(of head: AuditHead) -> [UInt8] {
        authenticate(Array("head \(head.organization) \(head.number) ".utf8) + head.hash)
    }

    func accepts(_ seal: [UInt8]?, of head: AuditHead) -> Bool {
        seal.map { ConstantTime.equal($0, self.seal(of: head)) } ?? false
    }

    private func authenticate(_ bytes: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: bytes, using: key))
    }

    // MARK: Chains

    /// The organizations that have a chain.
    struct Chains: Sendable, Equatable {
        let organizations: [Organization.ID]
        /// Whether the seal is valid, so the list was written with the key.
        let isSealed: Bool
    }

    private static func text(_ organizations: [Organization.ID]) -> String {
        organizations.map(\.description).joined(separator: ",")
    }

    private func seal(of chains: String) -> [UInt8] { authenticate(Array("chains \(chains)".utf8)) }

    /// The stored list; nil if there is no key yet.
    func chains(in db: Connection) throws -> Chains? {
        guard let row = try db.first("SELECT chains, chains_seal FROM audit_keys WHERE id = 1") else { return nil }
        let text: String = try row["chains"]
        let numbers = text.utf8.split(separator: UInt8(ascii: ",")).map { Int64(Substring($0)) ?? -1 }
        return Chains(
            organizations: numbers.map { Organization.ID($0) },
            isSealed: ConstantTime.equal(try row["chains_seal"], seal(of: text)))
    }

    /// Adds an organization's new chain to the list.
    /// - Returns: False if the list already contains the chain, or its seal is invalid. The list is left unchanged
    ///   then, so that a removal remains detectable.
    func register(_ organization: Organization.ID, in db: Connection) throws -> Bool {
        try Self.lockChains(in: db)
        guard let chains = try chains(in: db), chains.isSealed, !chains.organizations.contains(organization) else {
            return false
        }
        try store(chains.organizations + [organization], in: db)
        return true
    }

    private func store(_ organizations: [Organization.ID], in db: Connection) throws {
        let text = Self.text(organizations.sorted())
        try db.execute("UPDATE audit_keys SET chains = \(text), chains_seal = \(seal(of: text)) WHERE id = 1")
    }

    static func lockChains(in db: Connection) throws { try db.lock("audit chains") }

    // MARK: In the database

    /// The log is sealed, but its key is missing.
    public struct Missing: Error, CustomStringConvertible {
        /// The message for the terminal.
        public let description =
            "the audit log is sealed, but its key is missing from the database, so it was removed. "
            + "Restore a backup, or continue without the key with --accept-lost-secret, which is recorded in the audit log"
    }

    /// Opens the key. In a database without one, creates it and seals the existing heads.
    /// - Returns: The key, and whether it is new.
    /// - Throws: ``SealingError``, ``Missing``.
    public static func open(
        with sealer: Sealer, now: Date, in db: Connection
    ) throws -> (key: AuditKey, isNew: Bool) {
        try lockChains(in: db)
        if let row = try db.first("SELECT sealed_key FROM audit_keys WHERE id = 1") {
            guard let key = AuditKey(text: try sealer.open(try row["sealed_key"], for: identity)) else {
                throw SealingError.altered
            }
            return (key, false)
        }
        guard try db.first("SELECT 1 AS there FROM audit_heads WHERE seal IS NOT NULL LIMIT 1") == nil else {
            throw Missing()
        }
        return (try make(with: sealer, now: now, in: db), true)
    }

    /// Creates a key and seals the existing heads. Older entries are then protected only by their hashes.
    static func make(with sealer: Sealer, now: Date, in db: Connection) throws -> AuditKey {
        let key = AuditKey()
        let sealed = try sealer.seal(key.text, for: identity)
        try db.execute("DELETE FROM audit_keys")
        try db.execute(
            """
            INSERT INTO audit_keys (id, sealed_key, chains, chains_seal, created_at)
            VALUES (1, \(sealed), '', \([UInt8]()), \(now))
            """)
        // Locks the heads, so that no entry is written while they are sealed.
        try db.execute("UPDATE audit_heads SET number = number")
        let heads = try AuditLog.heads(in: db)
        for head in heads {
            try db.execute(
                "UPDATE audit_heads SET seal = \(key.seal(of: head)) WHERE organization_id = \(head.organization)")
        }
        try key.store(heads.map(\.organization), in: db)
        return key
    }
}

enum Hexadecimal {
    static func text(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}

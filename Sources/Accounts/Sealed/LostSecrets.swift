import API
import BoundaryText
import Database
import Foundation
import Sealing

/// Stored values sealed with secrets that are not configured, so they cannot be opened.
public struct LostSecrets: Error, Sendable, Equatable {
    /// The number of values, by key ID of the missing secret.
    public let counts: [String: Int]
    /// Whether an operator accepted the loss of all of them.
    public let areAccepted: Bool

    /// The total number of values.
    public var count: Int { counts.values.reduce(0, +) }

    private var names: String { counts.keys.sorted().joined(separator: ", ") }

    /// Finds sealed values whose secret is missing.
    /// - Parameter sealer: Holds the configured secrets; nil if there are none.
    /// - Returns: Nil if everything can be opened.
    public static func find(
        in columns: [SealedColumn], without sealer: Sealer?, _ db: Connection
    ) throws -> LostSecrets? {
        let known = sealer?.keyIDs ?? []
        var counts: [String: Int] = [:]
        for column in columns {
            counts.merge(try column.counts(in: db).filter { !known.contains($0.key) }, uniquingKeysWith: +)
        }
        guard !counts.isEmpty else { return nil }
        let accepted = Set(try db.all("SELECT key_id FROM lost_secrets").map { try $0["key_id"] as String })
        return LostSecrets(counts: counts, areAccepted: accepted.isSuperset(of: counts.keys))
    }

    /// Records that the loss is accepted, so that servers start again. The audit log gets a new key if its own key is
    /// lost or missing.
    public static func accept(
        _ lost: LostSecrets?, with sealer: Sealer, now: Date, in db: Connection
    ) throws {
        for id in lost?.counts.keys.sorted() ?? [] {
            try db.execute(
                """
                INSERT INTO lost_secrets (key_id, accepted_at) VALUES (\(id), \(now)) ON CONFLICT (key_id) DO NOTHING
                """)
        }
        try AuditKey.lockChains(in: db)
        let sealed: String? = try db.first("SELECT sealed_key FROM audit_keys WHERE id = 1")?["sealed_key"]
        let isOpen = sealed.map { (try? sealer.open($0, for: AuditKey.identity)) != nil } ?? false
        let key =
            isOpen
            ? try AuditKey.open(with: sealer, now: now, in: db).key : try AuditKey.make(with: sealer, now: now, in: db)
        try AuditLog.record(
            "secret.accept_loss", on: "secrets \(lost?.names ?? "")", by: .command, of: .installation,
            after: ["new_audit_key": !isOpen], now: now, key: key, in: db)
    }
}

extension LostSecrets: CustomStringConvertible {
    /// For the terminal: what is missing, and what to do.
    public var description: String {
        """
        \(count) stored credentials are sealed with a secret that is not configured: \(names). Restore it in the \
        secret file or PATCHBAY_SECRET, after the current one, separated by a comma. If it is permanently lost, run this once \
        with --accept-lost-secret; then enter the credentials of connections and identity providers again, and set up \
        second factors again
        """
    }
}

import BoundaryText
import Database
import Sealing

/// A column of texts that are sealed for their rows. Each feature lists its own, so that a rotation of the secret
/// covers all of them.
public struct SealedColumn: Sendable {
    private static let portion = 200

    private let table: String
    private let column: String
    private let identity: @Sendable (Int64) -> String

    /// - Parameters:
    ///   - table: A table with a column `id`.
    ///   - column: A column with sealed texts, empty texts and nulls.
    ///   - identity: The identity that the row with this ID was sealed for.
    public init(_ table: StaticString, _ column: StaticString, identity: @escaping @Sendable (Int64) -> String) {
        self.table = "\(table)"
        self.column = "\(column)"
        self.identity = identity
    }

    /// The number of texts sealed by each secret, by key ID.
    func counts(in db: Connection) throws -> [String: Int] {
        let (table, column) = (SQL(unchecked: table), SQL(unchecked: column))
        // The format is "v1.", a key ID of eight digits, and a dot.
        let rows = try db.all(
            """
            SELECT substr(\(column), 4, 8) AS key_id, COUNT(*) AS n FROM \(table)
            WHERE \(column) LIKE 'v_.%' GROUP BY 1
            """)
        return Dictionary(try rows.map { (try $0["key_id"], try $0["n"]) }, uniquingKeysWith: +)
    }

    private static func keyID(of sealed: String) -> String {
        let parts = sealed.splitBytes(on: ".", omittingEmpty: false)
        return parts.count == 3 ? String(parts[1]) : ""
    }

    /// Reseals with the first secret all texts that another one sealed.
    /// - Returns: The number of resealed texts.
    /// - Throws: A ``SealingError`` for a text that no secret opens, unless its secret was accepted as lost. Nothing is
    ///   changed then.
    public func reseal(with sealer: Sealer, in db: Connection) throws -> Int {
        let (table, column) = (SQL(unchecked: table), SQL(unchecked: column))
        let lost = Set(try db.all("SELECT key_id FROM lost_secrets").map { try $0["key_id"] as String })
        var (count, last): (Int, Int64) = (0, 0)
        while true {
            let rows = try db.all(
                """
                SELECT id, \(column) AS sealed FROM \(table) WHERE id > \(last) AND \(column) IS NOT NULL
                    AND \(column) <> '' ORDER BY id LIMIT \(Self.portion)
                """)
            guard !rows.isEmpty else { return count }
            for row in rows {
                let (id, sealed): (Int64, String) = (try row["id"], try row["sealed"])
                last = id
                guard sealer.needsResealing(sealed), !lost.contains(Self.keyID(of: sealed)) else { continue }
                let fresh = try sealer.seal(try sealer.open(sealed, for: identity(id)), for: identity(id))
                try db.execute("UPDATE \(table) SET \(column) = \(fresh) WHERE id = \(id)")
                count += 1
            }
        }
    }
}

extension AccountsFeature {
    /// The sealed columns of this feature.
    public static let sealedColumns = [
        SealedColumn("users", "totp_secret") { SecondFactor.identity(User.ID($0)) },
        SealedColumn("identity_providers", "client_secret") { SingleSignOn.identity(IdentityProvider.ID($0)) },
        SealedColumn("audit_keys", "sealed_key") { _ in AuditKey.identity },
    ]
}

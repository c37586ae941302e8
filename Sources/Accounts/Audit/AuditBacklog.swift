import API
import BoundaryText
import Database
import Foundation

/// What migrations found and changed. A migration consists of SQL only and cannot continue the audit log's chain, so it
/// leaves rows in `audit_backlog`, which the program adds to the log when it starts.
public enum AuditBacklog {
    private static let actor = Actor(user: nil, name: "patchbay", authMethod: "migration", address: nil)

    private struct Finding: Codable { let finding: String }

    /// Moves the backlog into the audit log.
    public static func record(in database: Database, now: Date) async throws {
        // Most starts find nothing and need not write.
        guard try await database.read({ try $0.first("SELECT id FROM audit_backlog LIMIT 1") }) != nil else { return }
        try await database.write { db in
            try db.lock("audit_backlog")
            for row in try db.all("SELECT * FROM audit_backlog ORDER BY id") {
                try AuditLog.record(
                    try row["action"], on: try row["target"], by: actor, of: try row["organization_id"],
                    after: Finding(finding: try row["finding"]), now: now, in: db)
            }
            try db.execute("DELETE FROM audit_backlog")
        }
    }
}

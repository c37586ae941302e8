import BoundaryText
import Database

extension Migration {
    /// Webhooks.
    static let step08 = Migration(
        8, "webhooks",
        [
            // What webhooks need of chat connections.
            // The secret before the present one, and until when it signs as well.
            "ALTER TABLE chat_connections ADD COLUMN sealed_previous_token TEXT",
            "ALTER TABLE chat_connections ADD COLUMN previous_until BIGINT",
            // Since when nothing was accepted any more.
            "ALTER TABLE chat_connections ADD COLUMN failing_since BIGINT",
        ])
}

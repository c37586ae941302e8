import BoundaryText
import Database

extension Migration {
    /// Callback keys, calls, refusals, threads.
    static let step20 = Migration(
        20, "callback keys, calls, refusals, threads",
        [
            // The address of the key that last verified a callback: after a restart strangers cannot keep us from asking for it. And whose share of the calls a reservation takes; see ``CallShares``.
            "ALTER TABLE psa_connections ADD COLUMN callback_key TEXT",
            "ALTER TABLE call_reservations ADD COLUMN share TEXT NOT NULL DEFAULT 'people'",
            // The table of what a ticketing system refuses us although it answers otherwise.
            """
            CREATE TABLE psa_refusals (
                connection_id BIGINT NOT NULL REFERENCES psa_connections (id) ON DELETE CASCADE,
                what TEXT NOT NULL, reason TEXT NOT NULL, since BIGINT NOT NULL, PRIMARY KEY (connection_id, what))
            """,
            // Whether nothing can go under a message any more, because it was deleted in chat.
            "ALTER TABLE deliveries ADD COLUMN thread_lost BIGINT NOT NULL DEFAULT 0",
        ])
}

import BoundaryText
import Database

extension Migration {
    /// Why nobody was told of an event is a decision of notifications, not a part of the event.
    static let notifications27 = Migration(
        27, "reasons of silence",
        [
            """
            CREATE TABLE untold_events (
                event_id BIGINT PRIMARY KEY REFERENCES ticket_events (id) ON DELETE CASCADE, reason TEXT NOT NULL)
            """,
            """
            INSERT INTO untold_events (event_id, reason)
            SELECT id, reason FROM ticket_events WHERE reason IS NOT NULL
            """,
            "ALTER TABLE ticket_events DROP COLUMN reason",
        ])
}

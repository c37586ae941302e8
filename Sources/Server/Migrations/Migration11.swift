import BoundaryText
import Database

extension Migration {
    /// Repeated requests.
    static let step11 = Migration(
        11, "repeated requests",
        [
            // The first form of the table of requests that may come twice.
            """
            CREATE TABLE repeated_requests (
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                name TEXT NOT NULL,
                fingerprint \(SQL.bytes) NOT NULL,
                status BIGINT,
                location TEXT,
                content_type TEXT,
                body \(SQL.bytes),
                created_at BIGINT NOT NULL,
                PRIMARY KEY (user_id, name))
            """,
            "CREATE INDEX repeated_requests_by_time ON repeated_requests (created_at)",
        ])
}

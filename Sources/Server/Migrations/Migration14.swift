import BoundaryText
import Database

extension Migration {
    /// Names of members, held requests.
    static let step14 = Migration(
        14, "names of members, held requests",
        [
            // Members are sorted and found by their name without case, as our code writes it: SQLite's `lower` knows ASCII only.
            "ALTER TABLE psa_members ADD COLUMN name_key TEXT NOT NULL DEFAULT ''",
            // As well as the database can. The next one who asks for the members has them read again.
            "UPDATE psa_members SET name_key = lower(name)",
            "UPDATE psa_readings SET read_at = 0 WHERE list = 'members'",
            "CREATE INDEX psa_members_by_name ON psa_members (connection_id, name_key, id)",
            // Keys belong to an organization as well, are held for a while only, and tell whether what they name was done.
            "DROP INDEX repeated_requests_by_time",
            "ALTER TABLE repeated_requests RENAME TO former_repeated_requests",
            """
            CREATE TABLE repeated_requests (
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                organization_id BIGINT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                name TEXT NOT NULL,
                fingerprint \(SQL.bytes) NOT NULL,
                holder BIGINT NOT NULL,
                held_until BIGINT NOT NULL,
                done BIGINT NOT NULL DEFAULT 0,
                status BIGINT,
                location TEXT,
                content_type TEXT,
                body \(SQL.bytes),
                created_at BIGINT NOT NULL,
                PRIMARY KEY (user_id, organization_id, name))
            """,
            // Nobody knows what became of those without an answer, so they count as done.
            """
            INSERT INTO repeated_requests (
                user_id, organization_id, name, fingerprint, holder, held_until, done, status, location, content_type, body,
                created_at)
            SELECT r.user_id, u.organization_id, r.name, r.fingerprint, 0, 0, 1, r.status, r.location, r.content_type, r.body,
                r.created_at
            FROM former_repeated_requests r JOIN users u ON u.id = r.user_id
            """,
            "DROP TABLE former_repeated_requests",
            "CREATE INDEX repeated_requests_by_time ON repeated_requests (created_at)",
            "CREATE INDEX repeated_requests_of_organization ON repeated_requests (organization_id)",
        ])
}

import Database

/// Members are sorted and found by their name without case, as our code writes it: SQLite's `lower` knows ASCII only.
public let memberNameSchema: [SQL] = [
    "ALTER TABLE psa_members ADD COLUMN name_key TEXT NOT NULL DEFAULT ''",
    // As well as the database can. The next one who asks for the members has them read again.
    "UPDATE psa_members SET name_key = lower(name)",
    "UPDATE psa_readings SET read_at = 0 WHERE list = 'members'",
    "CREATE INDEX psa_members_by_name ON psa_members (connection_id, name_key, id)",
]

import BoundaryText
import Database

/// Members are sorted and found by their name without case, as our code writes it: SQLite's `lower` knows ASCII only.
public let memberNameSchema: [SQL] = [
    "ALTER TABLE psa_members ADD COLUMN name_key TEXT NOT NULL DEFAULT ''",
    // As well as the database can. The next one who asks for the members has them read again.
    "UPDATE psa_members SET name_key = lower(name)",
    "UPDATE psa_readings SET read_at = 0 WHERE list = 'members'",
    "CREATE INDEX psa_members_by_name ON psa_members (connection_id, name_key, id)",
]

/// Mappings find their member by the key that ``memberNameSchema`` speaks of, for the same reason.
public let memberKeySchema: [SQL] = [
    "ALTER TABLE psa_member_mappings ADD COLUMN member_key TEXT NOT NULL DEFAULT ''",
    "UPDATE psa_member_mappings SET member_key = lower(member_identifier)",
]

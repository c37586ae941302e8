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

/// Migration 17, the part about members. Whoever is no administrator could once say to be any member; what cannot be shown to
/// be right by the e-mail address goes, and stands on the audit record for an administrator who knows better.
public let foreignMappingSchema: [SQL] = [
    """
    INSERT INTO audit_backlog (organization_id, action, target, finding)
    SELECT u.organization_id, 'member_mapping.remove', 'user ' || u.id,
        'Had said to be the member ' || m.member_identifier || ' of PSA connection ' || m.connection_id
            || ', who has another e-mail address or none. Map the user again if it is the same person.'
    FROM psa_member_mappings m JOIN users u ON u.id = m.user_id
    WHERE \(isForeign)
    """,
    "DELETE FROM psa_member_mappings AS m WHERE \(isForeign)",
]

/// A mapping `m` that a person below administrator chose, to a member who has not that person's address.
private let isForeign: SQL = """
    m.matched_by = 'manual_self'
        AND EXISTS (SELECT 1 FROM users o WHERE o.id = m.user_id AND o.role IN ('viewer', 'engineer'))
        AND NOT EXISTS (
            SELECT 1 FROM psa_members p JOIN users o ON o.id = m.user_id
            WHERE p.connection_id = m.connection_id AND p.id = m.member_id AND lower(TRIM(p.email)) = lower(o.email_key))
    """

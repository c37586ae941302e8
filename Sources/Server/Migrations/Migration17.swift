import API
import BoundaryText
import Database

extension Migration {
    /// Who somebody is.
    static let step17 = Migration(
        17, "who somebody is",
        [
            // Migration 17, the part about people: who an identity provider is, whom it may admit, and what older versions let in.
            "ALTER TABLE identity_providers ADD COLUMN trusted_domains TEXT NOT NULL DEFAULT '[]'",
            "ALTER TABLE identity_providers ADD COLUMN follows_roles BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE identity_providers ADD COLUMN saved_by BIGINT REFERENCES users (id) ON DELETE SET NULL",
            "ALTER TABLE identity_providers ADD COLUMN reach TEXT NOT NULL DEFAULT 'admin'",
            "ALTER TABLE identity_providers ADD COLUMN shared_return BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE identity_providers ADD COLUMN lacked_groups_at BIGINT",
            "ALTER TABLE users ADD COLUMN offered_issuer TEXT",
            "ALTER TABLE users ADD COLUMN offered_subject TEXT",
            "ALTER TABLE users ADD COLUMN offered_at BIGINT",
            // What a migration has found, until it is on the audit record, which only the program can continue.
            """
            CREATE TABLE audit_backlog (
                id \(SQL.primaryKey),
                organization_id BIGINT NOT NULL,
                action TEXT NOT NULL,
                target TEXT NOT NULL,
                finding TEXT NOT NULL)
            """,
            // What older versions let in. Each step first notes what it finds.
            // A visit ends with the role.
            """
            INSERT INTO audit_backlog (organization_id, action, target, finding)
            SELECT DISTINCT u.organization_id, 'session.end_visit', 'user ' || u.id,
                'Still looked at another organization without being a super administrator.'
            FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.visiting IS NOT NULL AND u.role <> 'super_admin'
            """,
            "DELETE FROM sessions WHERE visiting IS NOT NULL AND user_id IN (SELECT id FROM users WHERE role <> 'super_admin')",
            // Super administrators come with a password only, and nobody is known by an empty subject.
            """
            INSERT INTO audit_backlog (organization_id, action, target, finding)
            SELECT organization_id, 'user.unbind', 'user ' || id,
                CASE WHEN role = 'super_admin' THEN 'A super administrator was bound to an identity provider.'
                    ELSE 'Was bound to an empty subject of an identity provider.' END
            FROM users WHERE subject IS NOT NULL AND (role = 'super_admin' OR TRIM(subject) = '')
            """,
            """
            DELETE FROM sessions WHERE means = 'single_sign_on' AND user_id IN (
                SELECT id FROM users WHERE subject IS NOT NULL AND (role = 'super_admin' OR TRIM(subject) = ''))
            """,
            """
            UPDATE users SET issuer = NULL, subject = NULL
            WHERE subject IS NOT NULL AND (role = 'super_admin' OR TRIM(subject) = '')
            """,
            // A provider reaches as far as whoever saved it last may manage now.
            """
            UPDATE identity_providers SET saved_by = (
                SELECT u.id FROM audit_entries a JOIN users u ON u.id = a.actor_id
                WHERE a.organization_id = identity_providers.organization_id AND a.result = 'done'
                    AND a.target = 'identity provider ' || identity_providers.id
                    AND a.action IN ('identity_provider.create', 'identity_provider.update')
                ORDER BY a.number DESC LIMIT 1)
            """,
            """
            UPDATE identity_providers SET reach = 'owner' WHERE saved_by IN (
                SELECT u.id FROM users u WHERE u.active = 1 AND (
                    u.role = 'super_admin'
                    OR u.role = 'owner' AND u.organization_id = identity_providers.organization_id))
            """,
            "UPDATE identity_providers SET shared_return = 1",
            """
            INSERT INTO audit_backlog (organization_id, action, target, finding)
            SELECT organization_id, 'identity_provider.cut_reach', 'identity provider ' || id,
                'Nobody who is an owner now saved it last: it admits administrators at most, until an owner saves it again.'
            FROM identity_providers WHERE reach <> 'owner'
            """,
            """
            INSERT INTO audit_backlog (organization_id, action, target, finding)
            SELECT organization_id, 'identity_provider.cut_reach', 'identity provider ' || id,
                'Its roles were above admin, and are admin now.'
            FROM identity_providers WHERE default_role IN ('owner', 'super_admin') OR role_rules LIKE '%"role":"owner"%'
                OR role_rules LIKE '%"role":"super_admin"%'
            """,
            """
            UPDATE identity_providers SET
                default_role = CASE WHEN default_role IN ('owner', 'super_admin') THEN 'admin' ELSE default_role END,
                role_rules = REPLACE(REPLACE(role_rules, '"role":"owner"', '"role":"admin"'),
                    '"role":"super_admin"', '"role":"admin"')
            """,
            // Migration 17, the part about members. Whoever is no administrator could once say to be any member; what cannot be shown to be right by the e-mail address goes, and stands on the audit record for an administrator who knows better.
            """
            INSERT INTO audit_backlog (organization_id, action, target, finding)
            SELECT u.organization_id, 'member_mapping.remove', 'user ' || u.id,
                'Had said to be the member ' || m.member_identifier || ' of PSA connection ' || m.connection_id
                    || ', who has another e-mail address or none. Map the user again if it is the same person.'
            FROM psa_member_mappings m JOIN users u ON u.id = m.user_id
            WHERE \(isForeign)
            """,
            "DELETE FROM psa_member_mappings AS m WHERE \(isForeign)",
        ])
}

/// A mapping `m` that a person below administrator chose, to a member who has not that person's address.
private let isForeign: SQL = """
    m.matched_by = 'manual_self'
        AND EXISTS (SELECT 1 FROM users o WHERE o.id = m.user_id AND o.role IN ('viewer', 'engineer'))
        AND NOT EXISTS (
            SELECT 1 FROM psa_members p JOIN users o ON o.id = m.user_id
            WHERE p.connection_id = m.connection_id AND p.id = m.member_id AND lower(TRIM(p.email)) = lower(o.email_key))
    """

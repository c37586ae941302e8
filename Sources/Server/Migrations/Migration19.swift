import BoundaryText
import Database

extension Migration {
    /// Seals of the audit log, names of webhooks.
    static let step19 = Migration(
        19, "seals of the audit log, names of webhooks",
        [
            // The key of the audit log's seals, and what was accepted as lost.
            // One row. `chains` names the organizations that have a chain, so that one that is missing shows.
            """
            CREATE TABLE audit_keys (
                id BIGINT NOT NULL PRIMARY KEY,
                sealed_key TEXT NOT NULL,
                chains TEXT NOT NULL,
                chains_seal \(SQL.bytes) NOT NULL,
                created_at BIGINT NOT NULL)
            """,
            "ALTER TABLE audit_heads ADD COLUMN seal \(SQL.bytes)",
            "CREATE TABLE lost_secrets (key_id TEXT NOT NULL PRIMARY KEY, accepted_at BIGINT NOT NULL)",
            // INSERT OR REPLACE removes a row without the trigger for removals; TRUNCATE removes all of them.
            SQL(
                sqlite: """
                    CREATE TRIGGER audit_entries_are_new BEFORE INSERT ON audit_entries
                    WHEN EXISTS (
                        SELECT 1 FROM audit_entries WHERE organization_id = NEW.organization_id AND number = NEW.number)
                    BEGIN SELECT RAISE(ABORT, 'the audit log is append only'); END
                    """,
                postgres: """
                    CREATE TRIGGER audit_entries_are_kept BEFORE TRUNCATE ON audit_entries
                    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()
                    """),
            // The path of a webhook's address is a secret of many receivers; it stood in the name of its room, for everybody to see.
            """
            UPDATE recipients SET name = \(SQL(sqlite: "substr(name, 1, instr(name, '/') - 1)", postgres: "split_part(name, '/', 1)"))
            WHERE name LIKE '%_/%' AND connection_id IN (SELECT id FROM chat_connections WHERE provider = 'webhook')
            """,
        ])
}

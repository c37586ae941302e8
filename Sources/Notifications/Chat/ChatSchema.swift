import BoundaryText
import Database

/// The path of a webhook's address is a secret of many receivers; it stood in the name of its room, for everybody to see.
public let webhookNameSchema: [SQL] = [
    """
    UPDATE recipients SET name = \(SQL(sqlite: "substr(name, 1, instr(name, '/') - 1)", postgres: "split_part(name, '/', 1)"))
    WHERE name LIKE '%_/%' AND connection_id IN (SELECT id FROM chat_connections WHERE provider = 'webhook')
    """
]

/// What webhooks need of chat connections.
public let webhookSchema: [SQL] = [
    // The secret before the present one, and until when it signs as well.
    "ALTER TABLE chat_connections ADD COLUMN sealed_previous_token TEXT",
    "ALTER TABLE chat_connections ADD COLUMN previous_until BIGINT",
    // Since when nothing was accepted any more.
    "ALTER TABLE chat_connections ADD COLUMN failing_since BIGINT",
]

import BoundaryText
import Database

/// Whether nothing can go under a message any more, because it was deleted in chat.
public let threadSchema: [SQL] = [
    "ALTER TABLE deliveries ADD COLUMN thread_lost BIGINT NOT NULL DEFAULT 0"
]

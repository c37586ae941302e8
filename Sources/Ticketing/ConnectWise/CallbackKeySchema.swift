import BoundaryText
import Database

/// The address of the key that last verified a callback: after a restart strangers cannot keep us from asking for it. And
/// whose share of the calls a reservation takes; see ``CallShares``.
public let callbackKeySchema: [SQL] = [
    "ALTER TABLE psa_connections ADD COLUMN callback_key TEXT",
    "ALTER TABLE call_reservations ADD COLUMN share TEXT NOT NULL DEFAULT 'people'",
]

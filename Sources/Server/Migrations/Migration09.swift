import BoundaryText
import Database

extension Migration {
    /// Keys of organizations.
    static let step09 = Migration(
        9, "keys of organizations",
        [
            // The organization in each key, so that a page of them is found without looking at the users.
            "ALTER TABLE api_keys ADD COLUMN organization_id BIGINT REFERENCES organizations (id) ON DELETE CASCADE",
            "UPDATE api_keys SET organization_id = (SELECT organization_id FROM users WHERE users.id = api_keys.user_id)",
            "CREATE INDEX api_keys_of_organization ON api_keys (organization_id, id)",
        ])
}

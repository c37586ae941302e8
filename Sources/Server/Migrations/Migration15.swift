import BoundaryText
import Database

extension Migration {
    /// Keys of mapped members, scopes of posts.
    static let step15 = Migration(
        15, "keys of mapped members, scopes of posts",
        [
            // Mappings find their member by the key that ``memberNameSchema`` speaks of, for the same reason.
            "ALTER TABLE psa_member_mappings ADD COLUMN member_key TEXT NOT NULL DEFAULT ''",
            "UPDATE psa_member_mappings SET member_key = lower(member_identifier)",
            // What a request was limited to by where it was asked for, a customer, apart from who asked: who tries it again may have other limits, but it stays that customer's.
            "ALTER TABLE post_requests ADD COLUMN scope TEXT",
            "UPDATE post_requests SET scope = companies WHERE tenant_id IS NOT NULL",
            // What people call the status that is wanted, as our copy of the board has it.
            "ALTER TABLE posts ADD COLUMN status_name TEXT",
        ])
}

import Accounts
import BoundaryText
import Database

extension ChatConnectionStore {
    /// See ``LiveTopic``.
    static func fingerprint(_ audience: LiveAudience, in db: Connection) throws -> [Int64] {
        guard let condition = audience.condition else { return [] }
        return try db.numbers(
            """
            SELECT COALESCE(MAX(last_validated_at), 0) AS a,
                COALESCE(SUM(CASE state WHEN 'ok' THEN id ELSE 0 END), 0) AS b
            FROM chat_connections WHERE \(condition)
            """, ["a", "b"])
    }
}

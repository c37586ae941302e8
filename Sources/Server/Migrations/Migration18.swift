import BoundaryText
import Database

extension Migration {
    /// Bounds of what strangers leave.
    static let step18 = Migration(
        18, "bounds of what strangers leave",
        [
            // The counts of refusals of the present minute.
            """
            CREATE TABLE refusal_counts (
                caller TEXT NOT NULL PRIMARY KEY,
                organization_id BIGINT NOT NULL,
                action TEXT NOT NULL,
                actor_id BIGINT,
                actor TEXT NOT NULL,
                means TEXT NOT NULL,
                number BIGINT NOT NULL,
                began_at BIGINT NOT NULL)
            """,
            "CREATE INDEX refusal_counts_by_time ON refusal_counts (began_at)",
            // The states that have led to a session, so that none does so twice.
            "DROP TABLE single_sign_ons",
            "CREATE TABLE used_ways (state_hash \(SQL.bytes) NOT NULL PRIMARY KEY, used_at BIGINT NOT NULL)",
            "CREATE INDEX used_ways_by_time ON used_ways (used_at)",
            // What strangers could make us keep without limit: the tables that bound it, and what is mended of what is there.
            // Answers with secrets in clear are as if they had not been kept: what was asked for was done.
            SQL(
                sqlite: """
                    UPDATE repeated_requests SET done = 1, status = NULL, location = NULL, content_type = NULL, body = NULL
                    WHERE instr(body, CAST('"whsec_' AS BLOB)) > 0 OR instr(body, CAST('"pb_' AS BLOB)) > 0
                    """,
                postgres: """
                    UPDATE repeated_requests SET done = 1, status = NULL, location = NULL, content_type = NULL, body = NULL
                    WHERE position(convert_to('"whsec_', 'UTF8') IN body) > 0
                        OR position(convert_to('"pb_', 'UTF8') IN body) > 0
                    """),
            .cutNames("name", of: "api_keys", to: 100), .cutNames("name", of: "users", to: 100),
            .cutNames("name", of: "organizations", to: 100), .cutNames("name", "name_key", of: "tenants", to: 100),
            .cutNames("name", of: "identity_providers", to: 60),
            // Names of tries hold an address and an account; both are short now.
            "DELETE FROM throttles WHERE length(name) > 400",
            // Names of connections to ticketing systems as long as they may be today.
            .cutNames("name", of: "psa_connections", to: 100),
            // Names of chat connections as long as they may be today.
            .cutNames("name", of: "chat_connections", to: 100),
        ])
}

import BoundaryText
import Database

/// What strangers could make us keep without limit: the tables that bound it, and what is mended of what is there.
public let boundsSchema: [SQL] =
    refusalCountSchema + usedWaySchema + [
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
    ]

import BoundaryText
import Database

extension Migration {
    /// Keys were limited to areas, the first words of paths; now to scopes. Each keeps exactly what it had.
    static let accounts28 = Migration(
        28, "scopes of keys",
        // Each name between two blanks of its own, so that equal neighbours are found both.
        ["UPDATE api_keys SET scope = ' ' || REPLACE(scope, ' ', '  ') || ' ' WHERE scope IS NOT NULL"]
            + together.map { first, second, scopes in
                """
                UPDATE api_keys
                SET scope = REPLACE(REPLACE(scope, \(first), \(scopes)), \(second), '')
                WHERE scope LIKE \("%\(first)%") AND scope LIKE \("%\(second)%")
                """
            }
            + areas.map { area, scopes in
                "UPDATE api_keys SET scope = REPLACE(scope, \(area), \(scopes)) WHERE scope IS NOT NULL"
            } + [
                "UPDATE api_keys SET scope = TRIM(REPLACE(REPLACE(scope, '=', ''), '  ', ' ')) WHERE scope IS NOT NULL"
            ])

    /// Two that are together exactly what several scopes are.
    private static let together: [(String, String, String)] = [false, true].map { reads in
        (
            name("integrations", reads), name("tenants", reads),
            names(["connections", "tickets", "member-mappings", "tenants"], reads)
        )
    }

    /// What became of each area, for writing and for reading alone.
    private static let areas: [(String, String)] = [
        ("authtest", ["me"]), ("cw", ["boards", "members"]), ("integrations", ["legacy-integrations"]),
        ("notifiers", ["rules", "forwards", "deliveries", "preview", "notices"]), ("tenants", ["legacy-tenants"]),
        ("tickets", ["events"]), ("users", ["api-keys", "users"]), ("webex", ["recipients"]),
    ].flatMap { area, scopes in
        // A preview is asked for with POST.
        let read = scopes.filter { $0 != "preview" }
        return [
            (name(area, false), names(scopes, false)),
            (name(area, true), area == "authtest" ? names(scopes, false) : names(read, true)),
        ]
    }

    private static func name(_ area: String, _ reads: Bool) -> String { " \(area)\(reads ? ":read" : "") " }

    /// Marked, so that none of them is taken for an area of the same name.
    private static func names(_ scopes: [String], _ reads: Bool) -> String {
        scopes.map { " =\($0)\(reads ? ":read" : "") " }.joined()
    }
}

import API
import BoundaryText

/// Keys with which programs call the API.
enum APIKeys: Noun {
    static let resource = Resource(
        singular: "api-key", plural: "api-keys", path: "/api/v1/users/keys",
        about: "A key with which a program calls the API.",
        columns: [
            .id, Column("name"), Column("user_email", "user"), Column("role"), Column("scope"),
            Column("created_at", "created", .instant), Column("last_used_at", "last used", .instant),
            Column("expires_at", "expires", .instant),
        ],
        details: [Column("key")],
        creation: [
            Field("name", help: "What the key is for.").required,
            Field(
                "role", .choice(Role.allCases.map(\.rawValue)),
                help: "What the key may do; at most what you may, and that when left out."),
            Field("scope", help: "Areas of the API it is limited to, such as \"notifiers sync:read\"."),
            Field("expires_at", option: "expires", .instant(.ahead), help: "When the key stops working."),
        ],
        onceOnly: "key")
}

import API
import BoundaryText

/// Keys with which programs call the API.
enum APIKeys: Noun {
    private typealias Answer = API.APIKeys.Answer.CodingKeys
    private typealias New = API.APIKeys.New.CodingKeys

    static let resource = Resource(
        singular: "api-key", plural: "api-keys", path: "/api/v1" + API.APIKeys.list.path,
        about: "A key with which a program calls the API.",
        columns: [
            .id, Column(Answer.name), Column(Answer.userEmail, "user"), Column(Answer.role), Column(Answer.scopes),
            Column(Answer.createdAt, "created", .instant), Column(Answer.lastUsedAt, "last used", .instant),
            Column(Answer.expiresAt, "expires", .instant),
        ],
        details: [Column(Answer.key)],
        creation: [
            Field(New.name, help: "What uses the key.").required,
            Field(
                New.role, .choice(Role.allCases.map(\.rawValue)),
                help: "What the key can do; at most what its user can, which is the default."),
            Field(
                New.scopes, option: "scope", .texts,
                help: "Scopes to limit it to, such as \"rules,sync:read\"; everything the role allows by default."),
            Field(New.userEmail, option: "user", help: "E-mail address of the user it acts for; you by default."),
            Field(New.expiresAt, option: "expires", .instant(.ahead), help: "When the key stops working."),
        ],
        onceOnly: Answer.key.stringValue)
}

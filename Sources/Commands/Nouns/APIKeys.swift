import API
import BoundaryText
import Foundation
import HTTPTypes

/// Keys with which programs call the API.
enum APIKeys: Noun {
    private typealias Answer = API.APIKeys.Answer.CodingKeys
    private typealias New = API.APIKeys.New.CodingKeys

    static let resource = Resource(
        singular: "api-key", plural: "api-keys", about: "Lets a program act as a user.",
        list: Endpoint(API.APIKeys.list), show: Endpoint(API.APIKeys.show), create: Endpoint(API.APIKeys.create),
        delete: Endpoint(API.APIKeys.delete), naming: .members(Answer.name),
        columns: [
            .id, Column(Answer.name).key, Column(Answer.userEmail, "user"), Column(Answer.role), Column(Answer.scopes),
            Column(Answer.createdAt, "created", .instant).extra,
            Column(Answer.lastUsedAt, "last used", .instant), Column(Answer.expiresAt, "expires", .instant),
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
            Field(
                New.user, option: "user", .thing(Users.resource.reference),
                help: "The user it acts for, by id, name or e-mail address; you by default."),
            Field(New.expiresAt, option: "expires", .instant(.ahead), help: "When it expires; never by default."),
        ],
        onceOnly: Member(Answer.key),
        sample: .init(subject: "5", create: "--name backup --role viewer --scope rules:read --expires 90d"))
}

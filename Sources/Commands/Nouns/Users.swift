import API
import ArgumentParser
import BoundaryText
import HTTPTypes

/// Who signs in.
enum Users: Noun {
    private typealias Answer = API.Users.Answer.CodingKeys
    private typealias Change = API.Users.Change.CodingKeys
    private typealias Filter = API.Users.Filter
    private typealias New = API.Users.New.CodingKeys

    static let resource = Resource(
        singular: "user", plural: "users", about: "A person who signs in to Patchbay.",
        list: Endpoint(API.Users.list), show: Endpoint(API.Users.show), create: Endpoint(API.Users.create),
        update: Endpoint(API.Users.update), delete: Endpoint(API.Users.delete),
        naming: .members(Answer.email, Answer.name),
        columns: [
            .id, Column(Answer.email).key, Column(Answer.name), Column(Answer.role),
            Column(Answer.active, "can sign in", .yesNo),
            Column(Answer.pending, .yesNo).extra, Column(Answer.hasSecondFactor, "second factor", .yesNo).extra,
            Column(Answer.lastSignInAt, "last sign-in", .instant),
        ],
        details: [
            Column(Answer.hasPassword, "password", .yesNo), Column(Answer.identity),
            Column(Answer.pendingIdentity, "pending identity"),
            Column(Answer.createdAt, "created", .instant), Column(Answer.version, .number),
        ],
        filters: [Field(filter: Filter.search, help: "Only users whose name or e-mail address contains this text.")],
        creation: [
            Field(New.email, help: "E-mail address to sign in with.").required,
            Field(New.name, help: "The user's name.").required,
            Field(New.role, .choice(roles), help: "What the user may do.").required,
            Field(
                New.password, .secret(environment: "PATCHBAY_NEW_PASSWORD"),
                help: "The first password, to be changed at the first sign-in; none for users of an identity provider."),
        ],
        change: [
            Field(Change.name, help: "The user's name."),
            Field(Change.role, .choice(roles), help: "What the user may do."),
            Field(
                Change.identitySubject,
                help: "Links the pending identity, named by its subject; \"\" unlinks it."),
        ]
            + Field.onOff(
                Change.active, off: "inactive", onHelp: "Let the user sign in; approves a pending one.",
                offHelp: "Do not let the user sign in, and end all sign-ins."),
        switching: .activating(
            Change.active, on: "Let a user sign in; approves a pending one.",
            off: "Do not let a user sign in, and end all sign-ins."),
        sample: .init(
            subject: "ada@example.com", list: "--search ada",
            create: "--email ada@example.com --name Ada --role engineer --password -", update: "--role dispatcher"))

    static let more: [any ParsableCommand.Type] = [ResetPassword.self, ResetSecondFactor.self]

    private static let roles = Role.allCases.map(\.rawValue)
}

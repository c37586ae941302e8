import API
import ArgumentParser
import BoundaryText
import HTTPTypes

/// Stored credentials to a chat system.
enum ChatConnections: Noun {
    private typealias Answer = API.ChatConnections.Answer.CodingKeys
    private typealias Change = API.ChatConnections.Change.CodingKeys
    private typealias New = API.ChatConnections.New.CodingKeys

    static let resource = Resource(
        singular: "chat-connection", plural: "chat-connections",
        about: "Where messages go: Webex, or any program that takes signed webhooks.",
        list: Endpoint(API.ChatConnections.list),
        show: Endpoint(API.ChatConnections.show),
        create: Endpoint(API.ChatConnections.create),
        update: Endpoint(API.ChatConnections.update),
        delete: Endpoint(API.ChatConnections.delete),
        test: Endpoint(API.ChatConnections.test), naming: .members(Answer.name),
        columns: [
            .id, Column(Answer.name).key, Column(Answer.provider), Column(Answer.botName, "bot").extra,
            Column(Answer.botEmail, "bot e-mail").extra, Column(Answer.enabled, .yesNo),
            Column(Answer.state, .state).key,
            Column(Answer.lastValidatedAt, "checked", .instant),
        ],
        details: [
            Column(Answer.stateReason, "reason"), Column(Answer.url, "URL"), Column(Answer.tokenHint, "token"),
            Column(Answer.createdAt, "created", .instant),
        ],
        creation: [
            Field(New.provider, .choice(["webex", "webhook"]), help: "The chat system.").standard("webex"),
            name.required,
            token, url,
        ],
        change: [name, token, url]
            + Field.onOff(Change.enabled, off: "disabled", onHelp: "Enable it.", offHelp: "Disable it."),
        switching: .enabling(Change.enabled, on: "Enable a chat connection.", off: "Disable a chat connection."),
        deletionAsksForName: true,
        sample: .init(
            subject: "Webex", create: "--provider webhook --name Wallboard --url https://wall.example.com/patchbay",
            update: "--token -"))

    static let more: [any ParsableCommand.Type] = [RotateSecretCommand.self]

    private static let name = Field(New.name, help: "The connection's name.")
    private static let token = Field(
        New.token, .secret(environment: "PATCHBAY_WEBEX_TOKEN"),
        help: "Access token of the bot; of a webhook its secret, created by the server by default.")
    private static let url = Field(
        New.url, help: "The webhook's address; for Webex the base of its API, if it is another one.")
}

import API
import ArgumentParser
import BoundaryText
import HTTPTypes

/// Stored credentials to a ticketing system.
enum PSAConnections: Noun {
    static let resource = Resource(
        singular: "psa-connection", plural: "psa-connections", about: "Stored credentials to ConnectWise PSA.",
        list: Endpoint(API.PSA.Connections.list),
        show: Endpoint(API.PSA.Connections.show),
        create: Endpoint(API.PSA.Connections.create),
        update: Endpoint(API.PSA.Connections.update),
        delete: Endpoint(API.PSA.Connections.delete),
        test: Endpoint(API.PSA.Connections.test), naming: ["name"],
        columns: [
            .id, Column("name").key, Column("provider").extra, Column("site"), Column("company").extra,
            Column("enabled", .yesNo), Column("state", .state).key,
            Column("last_validated_at", "checked", .instant),
        ],
        details: [
            Column("state_reason", "reason"), Column("baseline_at", "baseline", .instant),
            Column("public_key_hint", "public key"), Column("private_key_hint", "private key"),
            Column("client_id_hint", "client id"), Column("callback_url", "callback"),
            Column("created_at", "created", .instant),
        ],
        creation: [
            Field("provider", .choice(["connectwise"]), help: "The PSA.").standard("connectwise"),
            Field("name", help: "The connection's name.").required,
        ] + address.map(\.required) + credentials.map(\.required),
        change: [Field("name", help: "The connection's name.")] + address + credentials
            + Field.onOff("enabled", off: "disabled", onHelp: "Enable it.", offHelp: "Disable it.")
            + [
                Field(
                    "baseline_at", .instant(.back),
                    help: "Ignore changes before this time.")
            ],
        switching: .enabling(on: "Enable a PSA connection.", off: "Disable a PSA connection."),
        deletionAsksForName: true,
        sample: .init(
            subject: "Main", create: "--name Main --site na.myconnectwise.net --company acme --private-key -",
            update: "--private-key -"))

    private static let address = [
        Field("site", help: "Host of the ConnectWise site, such as na.myconnectwise.net."),
        Field("company", help: "Company name used to sign in to ConnectWise."),
    ]

    private static let credentials = [
        Field(
            "public_key", .secret(environment: "PATCHBAY_CONNECTWISE_PUBLIC_KEY"), help: "Public key of the API member."
        ),
        Field(
            "private_key", .secret(environment: "PATCHBAY_CONNECTWISE_PRIVATE_KEY"),
            help: "Private key of the API member."),
        Field(
            "client_id", .secret(environment: "PATCHBAY_CONNECTWISE_CLIENT_ID"),
            help: "Client id from ConnectWise's developer site."),
    ]
}

/// Stored credentials to a chat system.
enum ChatConnections: Noun {
    static let resource = Resource(
        singular: "chat-connection", plural: "chat-connections",
        about: "Where messages go: Webex, or any program that takes signed webhooks.",
        list: Endpoint(API.ChatConnections.list),
        show: Endpoint(API.ChatConnections.show),
        create: Endpoint(API.ChatConnections.create),
        update: Endpoint(API.ChatConnections.update),
        delete: Endpoint(API.ChatConnections.delete),
        test: Endpoint(API.ChatConnections.test), naming: ["name"],
        columns: [
            .id, Column("name").key, Column("provider"), Column("bot_name", "bot").extra,
            Column("bot_email", "bot e-mail").extra, Column("enabled", .yesNo), Column("state", .state).key,
            Column("last_validated_at", "checked", .instant),
        ],
        details: [
            Column("state_reason", "reason"), Column("url", "URL"), Column("token_hint", "token"),
            Column("created_at", "created", .instant),
        ],
        creation: [
            Field("provider", .choice(["webex", "webhook"]), help: "The chat system.").standard("webex"), name.required,
            token, url,
        ],
        change: [name, token, url]
            + Field.onOff("enabled", off: "disabled", onHelp: "Enable it.", offHelp: "Disable it."),
        switching: .enabling(on: "Enable a chat connection.", off: "Disable a chat connection."),
        deletionAsksForName: true,
        sample: .init(
            subject: "Webex", create: "--provider webhook --name Wallboard --url https://wall.example.com/patchbay",
            update: "--token -"))

    static let more: [any ParsableCommand.Type] = [RotateSecretCommand.self]

    private static let name = Field("name", help: "The connection's name.")
    private static let token = Field(
        "token", .secret(environment: "PATCHBAY_WEBEX_TOKEN"),
        help: "Access token of the bot; of a webhook its secret, created by the server by default.")
    private static let url = Field(
        "url", help: "The webhook's address; for Webex the base of its API, if it is another one.")
}

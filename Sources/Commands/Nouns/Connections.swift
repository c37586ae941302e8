import BoundaryText

/// Stored credentials to a ticketing system.
enum PSAConnections: Noun {
    static let resource = Resource(
        singular: "psa-connection", plural: "psa-connections", path: "/api/v1/integrations/psa/connections",
        about: "Stored credentials to ConnectWise PSA.",
        columns: [
            .id, Column("name"), Column("provider"), Column("site"), Column("company"), Column("enabled", .yesNo),
            Column("state"), Column("last_validated_at", "checked", .instant),
        ],
        details: [
            Column("state_reason", "reason"), Column("baseline_at", "baseline", .instant),
            Column("public_key_hint", "public key"), Column("private_key_hint", "private key"),
            Column("client_id_hint", "client id"), Column("callback_url", "callback"),
            Column("created_at", "created", .instant),
        ],
        creation: [
            Field("provider", .choice(["connectwise"]), help: "The ticketing system.").standard("connectwise"),
            Field("name", help: "What people call the connection.").required,
        ] + address.map(\.required) + credentials.map(\.required),
        change: [Field("name", help: "What people call the connection.")] + address + credentials
            + Field.onOff("enabled", off: "disabled", onHelp: "Enable it.", offHelp: "Disable it.")
            + [
                Field(
                    "baseline_at", .instant(.back),
                    help: "Ignore changes before this time.")
            ])

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
        singular: "chat-connection", plural: "chat-connections", path: "/api/v1/integrations/chat/connections",
        about: "Where messages go: Webex, or any program that takes signed webhooks.",
        columns: [
            .id, Column("name"), Column("provider"), Column("bot_name", "bot"), Column("bot_email", "bot e-mail"),
            Column("enabled", .yesNo), Column("state"), Column("last_validated_at", "checked", .instant),
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
            + Field.onOff("enabled", off: "disabled", onHelp: "Enable it.", offHelp: "Disable it."))

    private static let name = Field("name", help: "What people call the connection.")
    private static let token = Field(
        "token", .secret(environment: "PATCHBAY_WEBEX_TOKEN"),
        help: "Access token of the bot; of a webhook its secret, made by the server when left out.")
    private static let url = Field(
        "url", help: "Base of Webex's API, where it is not the usual one; of a webhook the endpoint's whole address.")
}

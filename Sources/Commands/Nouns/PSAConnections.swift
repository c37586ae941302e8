import API
import ArgumentParser
import BoundaryText
import HTTPTypes

/// Stored credentials to a ticketing system.
enum PSAConnections: Noun {
    private typealias Answer = API.PSA.Connections.Answer.CodingKeys
    private typealias Change = API.PSA.Connections.Change.CodingKeys
    private typealias New = API.PSA.Connections.New.CodingKeys

    static let resource = Resource(
        singular: "psa-connection", plural: "psa-connections", about: "Stored credentials to ConnectWise PSA.",
        list: Endpoint(API.PSA.Connections.list),
        show: Endpoint(API.PSA.Connections.show),
        create: Endpoint(API.PSA.Connections.create),
        update: Endpoint(API.PSA.Connections.update),
        delete: Endpoint(API.PSA.Connections.delete),
        test: Endpoint(API.PSA.Connections.test), naming: .members(Answer.name),
        columns: [
            .id, Column(Answer.name).key, Column(Answer.provider).extra, Column(Answer.site),
            Column(Answer.company).extra,
            Column(Answer.enabled, .yesNo), Column(Answer.state, .state).key,
            Column(Answer.lastValidatedAt, "checked", .instant),
        ],
        details: [
            Column(Answer.stateReason, "reason"), Column(Answer.baselineAt, "baseline", .instant),
            Column(Answer.publicKeyHint, "public key"), Column(Answer.privateKeyHint, "private key"),
            Column(Answer.clientIDHint, "client ID"), Column(Answer.callbackURL, "callback"),
            Column(Answer.createdAt, "created", .instant),
        ],
        creation: [
            Field(New.provider, .choice(["connectwise"]), help: "The PSA.").standard("connectwise"),
            Field(New.name, help: "The connection's name.").required,
        ] + address.map(\.required) + credentials.map(\.required),
        change: [Field(Change.name, help: "The connection's name.")] + address + credentials
            + Field.onOff(Change.enabled, off: "disabled", onHelp: "Enable it.", offHelp: "Disable it.")
            + [
                Field(
                    Change.baselineAt, .instant(.back),
                    help: "Ignore changes before this time.")
            ],
        switching: .enabling(Change.enabled, on: "Enable a PSA connection.", off: "Disable a PSA connection."),
        deletionAsksForName: true,
        sample: .init(
            subject: "Main", create: "--name Main --site na.myconnectwise.net --company acme --private-key -",
            update: "--private-key -"))

    private static let address = [
        Field(New.site, help: "Host of the ConnectWise site, such as na.myconnectwise.net."),
        Field(New.company, help: "Company name used to sign in to ConnectWise."),
    ]

    private static let credentials = [
        Field(
            New.publicKey, .secret(environment: "PATCHBAY_CONNECTWISE_PUBLIC_KEY"),
            help: "Public key of the API member."
        ),
        Field(
            New.privateKey, .secret(environment: "PATCHBAY_CONNECTWISE_PRIVATE_KEY"),
            help: "Private key of the API member."),
        Field(
            New.clientID, .secret(environment: "PATCHBAY_CONNECTWISE_CLIENT_ID"),
            help: "Client id from ConnectWise's developer site."),
    ]
}

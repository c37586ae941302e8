import API
import ArgumentParser
import BoundaryText

/// Chat rooms and people that can be notified.
enum Recipients: Noun {
    private typealias Answer = API.Recipients.Answer.CodingKeys
    private typealias New = API.Recipients.New.CodingKeys
    private typealias Filter = API.Recipients.Filter

    static let resource = Resource(
        singular: "recipient", plural: "recipients", about: "A chat room or person that can be notified.",
        list: Endpoint(API.Recipients.list), show: Endpoint(API.Recipients.show),
        create: Endpoint(API.Recipients.create), naming: .members(Answer.name, Answer.email),
        columns: [
            .id, Column(Answer.kind), Column(Answer.name).key, Column(Answer.email, "e-mail"),
            Column(Answer.active, .yesNo),
            Column(Answer.connection, "connection", .number).extra,
        ],
        details: [Column(Answer.roomID, "room ID")],
        filters: [
            Field(
                filter: Filter.kind, .choice(API.Recipients.Kind.allCases.map(\.rawValue)),
                help: "Only rooms or only people."),
            Field(
                filter: Filter.search, option: "search",
                help: "Only those whose name or e-mail address contains this text."),
        ],
        creation: [
            Field(
                New.connection, option: "connection", .thing(ChatConnections.resource.reference),
                help: "The chat connection, by its id or name; the first one by default."),
            Field(New.email, help: "E-mail address of the person; rooms appear by themselves.").required,
            Field(New.name, help: "Name to show; the chat system's own by default."),
        ],
        sample: .init(subject: "\"Dispatch\"", list: "--kind room", create: "--email eva@example.com --name Eva"))

    static let more: [any ParsableCommand.Type] = [TestRecipient.self]
}

import API
import BoundaryText

/// Chat rooms and people that can be notified.
enum Recipients: Noun {
    private typealias Answer = API.Recipients.Answer.CodingKeys
    private typealias New = API.Recipients.New.CodingKeys
    private typealias Filter = API.Recipients.Filter

    static let resource = Resource(
        singular: "recipient", plural: "recipients", path: "/api/v1" + API.Recipients.list.path,
        about: "A chat room or person that can be notified.",
        columns: [
            .id, Column(Answer.kind), Column(Answer.name), Column(Answer.email, "e-mail"),
            Column(Answer.active, .yesNo),
            Column(Answer.connection, "connection", .number),
        ],
        details: [Column(Answer.roomID, "room id")],
        filters: [
            Field(
                filter: Filter.kind, .choice(API.Recipients.Kind.allCases.map(\.rawValue)),
                help: "Only rooms or only people."),
            Field(filter: Filter.search, help: "Only those whose name or e-mail address contains this text."),
        ],
        creation: [
            Field(
                New.connection, option: "connection", .integer,
                help: "Id of the chat connection; the first one by default."),
            Field(New.email, help: "E-mail address of the person; rooms appear by themselves.").required,
            Field(New.name, help: "Name to show; the chat system's own by default."),
        ])
}

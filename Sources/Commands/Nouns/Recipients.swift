import BoundaryText

/// Chat rooms and people that can be notified.
enum Recipients: Noun {
    static let resource = Resource(
        singular: "recipient", plural: "recipients", path: "/api/v1/webex/rooms",
        about: "A chat room or person that can be notified.",
        columns: [
            .id, Column("kind"), Column("name"), Column("email", "e-mail"), Column("active", .yesNo),
            Column("connection_id", "connection", .number),
        ],
        details: [Column("room_id", "room id")],
        filters: [
            Field("kind", .choice(["room", "person"]), help: "Only rooms or only people."),
            Field("q", option: "text", help: "Only those whose name or e-mail address has this text."),
        ],
        creation: [
            Field(
                "connection_id", option: "connection", .integer,
                help: "Id of the chat connection; the first one when left out."),
            Field("email", help: "E-mail address of the person; rooms come by themselves.").required,
            Field("name", help: "Name to show; the chat system's own when left out."),
        ])
}

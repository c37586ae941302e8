import BoundaryText

/// Which board tells which recipient.
enum Rules: Noun {
    static let resource = Resource(
        singular: "rule", plural: "rules", path: "/api/v1/notifiers/rules",
        about: "Board to recipient: who is told what happens to a board's tickets.",
        columns: [
            .id, Column("board_name", "board"), Column("recipient_name", "recipient"),
            Column("recipient_kind", "kind"), Column("enabled", .yesNo), Column("simulate", .yesNo),
            Column("updates"), Column("visibility"), Column("thread_updates", "threads", .yesNo),
        ],
        details: [
            Column("board_id", "board id"), Column("recipient_id", "recipient id", .number),
            Column("created_at", "created", .instant),
        ],
        filters: [
            Field("board_id", option: "board", help: "Only this board's, by its id in ConnectWise."),
            Field(
                "recipient_id", option: "recipient", .integer, help: "Only those that tell this recipient, by its id."),
        ],
        creation: [
            board.required, recipient.required,
            Field("enabled", option: "disabled", .sets(false), help: "Create it switched off."),
            Field("simulate", .sets(true), help: "Record what would be sent, send nothing."), updates, visibility,
            Field("thread_updates", .sets(true), help: "Send updates as replies to the ticket's first message."),
        ],
        change: Field.onOff(
            "enabled", off: "disabled", onHelp: "Switch it on.", offHelp: "Switch it off.")
            + Field.onOff(
                "simulate", onHelp: "Record what would be sent, send nothing.", offHelp: "Really send.")
            + [updates, visibility]
            + Field.onOff(
                "thread_updates", onHelp: "Send updates as replies to the ticket's first message.",
                offHelp: "Send updates as messages of their own."))

    // Another system's id, so text.
    private static let board = Field("board_id", option: "board", help: "Id of the board in ConnectWise.")
    private static let recipient = Field(
        "recipient_id", option: "recipient", .integer, help: "Id of the recipient to tell.")
    private static let updates = Field(
        "updates", .choice(["none", "notes", "all"]), help: "Which changes of known tickets are told.")
    private static let visibility = Field(
        "visibility", .choice(["all", "public", "internal"]), help: "Which notes are told.")
}

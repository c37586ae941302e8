import BoundaryText

/// Who gets another's messages for a while.
enum Forwards: Noun {
    static let resource = Resource(
        singular: "forward", plural: "forwards", path: "/api/v1/notifiers/forwards",
        about: "Recipient to recipient, for a while: holidays, sick leave, on-call duty.",
        columns: [
            .id, Column("source_name", "from"), Column("destination_name", "to"), Column("state"),
            Column("starts_at", "starts", .instant), Column("ends_at", "ends", .instant),
            Column("keep_copy", "keeps copy", .yesNo),
        ],
        details: [
            Column("source_id", "source id", .number), Column("destination_id", "destination id", .number),
            Column("enabled", .yesNo), Column("created_at", "created", .instant),
        ],
        filters: [
            Field("state", .choice(["active", "upcoming", "expired", "disabled"]), help: "Only in this state."),
            Field("source_id", option: "source", .integer, help: "Only of this recipient, by its id."),
            Field("destination_id", option: "destination", .integer, help: "Only to this recipient, by its id."),
        ],
        creation: [
            Field("source_id", option: "source", .integer, help: "Whose messages, by the recipient's id.").required,
            Field("destination_id", option: "destination", .integer, help: "Who gets them, by the recipient's id.")
                .required,
            starts, ends, Field("enabled", option: "disabled", .sets(false), help: "Create it switched off."),
            Field("keep_copy", .sets(true), help: "Tell the source as well."),
        ],
        change: Field.onOff("enabled", off: "disabled", onHelp: "Switch it on.", offHelp: "Switch it off.")
            + [starts, ends]
            + Field.onOff(
                "keep_copy", onHelp: "Tell the source as well.", offHelp: "Tell only the destination."))

    private static let starts = Field(
        "starts_at", option: "starts", .instant(.ahead), help: "From then on; at once when left out.")
    private static let ends = Field(
        "ends_at", option: "ends", .instant(.ahead), help: "Until then; for good when left out.")
}

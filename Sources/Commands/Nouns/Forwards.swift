import API
import BoundaryText

/// Who gets another recipient's messages for a time.
enum Forwards: Noun {
    private typealias Answer = API.Forwards.Answer.CodingKeys
    private typealias New = API.Forwards.New.CodingKeys
    private typealias Filter = API.Forwards.Filter

    static let resource = Resource(
        singular: "forward", plural: "forwards", path: "/api/v1" + API.Forwards.list.path,
        about: "Recipient to recipient, for a time: vacation, sick leave, on-call duty.",
        columns: [
            .id, Column(Answer.sourceName, "from"), Column(Answer.destinationName, "to"), Column(Answer.state),
            Column(Answer.startsAt, "starts", .instant), Column(Answer.endsAt, "ends", .instant),
            Column(Answer.keepCopy, "keeps copy", .yesNo),
        ],
        details: [
            Column(Answer.source, "source id", .number), Column(Answer.destination, "destination id", .number),
            Column(Answer.enabled, .yesNo), Column(Answer.createdAt, "created", .instant),
        ],
        filters: [
            Field(
                filter: Filter.state, .choice(API.Forwards.State.allCases.map(\.rawValue)),
                help: "Only forwards in this state."),
            Field(filter: Filter.source, option: "source", .integer, help: "Only of this recipient, by its id."),
            Field(
                filter: Filter.destination, option: "destination", .integer, help: "Only to this recipient, by its id."),
        ],
        creation: [
            Field(New.source, option: "source", .integer, help: "Whose messages, by the recipient's id.").required,
            Field(New.destination, option: "destination", .integer, help: "Who gets them, by the recipient's id.")
                .required,
            starts, ends, Field(New.enabled, option: "disabled", .sets(false), help: "Create it disabled."),
            Field(New.keepCopy, .sets(true), help: "Notify the source as well."),
        ],
        change: Field.onOff(New.enabled, off: "disabled", onHelp: "Enable it.", offHelp: "Disable it.")
            + [starts, ends]
            + Field.onOff(
                New.keepCopy, onHelp: "Notify the source as well.", offHelp: "Notify only the destination."))

    private static let starts = Field(
        New.startsAt, option: "starts", .instant(.ahead), help: "When it starts; now by default.")
    private static let ends = Field(
        New.endsAt, option: "ends", .instant(.ahead), help: "When it ends; never by default.")
}

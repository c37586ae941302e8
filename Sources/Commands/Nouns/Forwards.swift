import API
import BoundaryText

/// Who gets another recipient's messages for a time.
enum Forwards: Noun {
    private typealias Answer = API.Forwards.Answer.CodingKeys
    private typealias New = API.Forwards.New.CodingKeys
    private typealias Filter = API.Forwards.Filter

    static let resource = Resource(
        singular: "forward", plural: "forwards", about: "Sends one recipient's messages to another one, for a time.",
        list: Endpoint(API.Forwards.list), show: Endpoint(API.Forwards.show), create: Endpoint(API.Forwards.create),
        update: Endpoint(API.Forwards.update), delete: Endpoint(API.Forwards.delete),
        columns: [
            .id, Column(Answer.sourceName, "from").key, Column(Answer.destinationName, "to").key,
            Column(Answer.state, .state),
            Column(Answer.startsAt, "starts", .instant), Column(Answer.endsAt, "ends", .instant),
            Column(Answer.keepCopy, "keeps copy", .yesNo).extra,
        ],
        details: [
            Column(Answer.source, "source ID", .number), Column(Answer.destination, "destination ID", .number),
            Column(Answer.enabled, .yesNo), Column(Answer.createdAt, "created", .instant),
        ],
        filters: [
            Field(
                filter: Filter.state, .choice(API.Forwards.State.allCases.map(\.rawValue)),
                help: "Only forwards in this state."
            ).union("inactive", ["upcoming", "expired", "disabled"]),
            Field(
                filter: Filter.source, option: "source", .thing(Recipients.resource.reference),
                help: "Only forwards of this recipient."),
            Field(
                filter: Filter.destination, option: "destination", .thing(Recipients.resource.reference),
                help: "Only forwards to this recipient."),
        ],
        creation: [
            Field(
                New.source, option: "source", .thing(Recipients.resource.reference),
                help: "Whose messages, by the recipient's id or name."
            ).required,
            Field(
                New.destination, option: "destination", .thing(Recipients.resource.reference),
                help: "The recipient who gets the messages, by ID or name."
            ).required,
            starts, ends, Field(New.enabled, option: "disabled", .sets(false), help: "Create it disabled."),
            Field(New.keepCopy, .sets(true), help: "Also notify the source."),
        ],
        change: Field.onOff(New.enabled, off: "disabled", onHelp: "Enable it.", offHelp: "Disable it.")
            + [starts, ends]
            + Field.onOff(
                New.keepCopy, onHelp: "Also notify the source.", offHelp: "Notify only the destination."),
        switching: .enabling(New.enabled, on: "Enable a forward.", off: "Disable a forward."),
        sample: .init(
            subject: "2", list: "--state active", create: "--source \"Eva Lang\" --destination \"Dispatch\" --ends 14d",
            update: "--ends 2026-12-24"))

    private static let starts = Field(
        New.startsAt, option: "starts", .instant(.ahead), help: "When it starts; now by default.")
    private static let ends = Field(
        New.endsAt, option: "ends", .instant(.ahead), help: "When it ends; never by default.")
}

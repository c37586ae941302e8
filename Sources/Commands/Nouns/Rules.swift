import API
import BoundaryText

/// Which board notifies which recipient.
enum Rules: Noun {
    private typealias Answer = API.Rules.Answer.CodingKeys
    private typealias New = API.Rules.New.CodingKeys
    private typealias Filter = API.Rules.Filter

    static let resource = Resource(
        singular: "rule", plural: "rules", about: "Which board notifies which recipient.",
        list: Endpoint(API.Rules.list), show: Endpoint(API.Rules.show), create: Endpoint(API.Rules.create),
        update: Endpoint(API.Rules.update), delete: Endpoint(API.Rules.delete),
        columns: [
            .id, Column(Answer.boardName, "board").key, Column(Answer.recipientName, "recipient").key,
            Column(Answer.recipientKind, "kind").extra, Column(Answer.enabled, .yesNo), Column(Answer.simulate, .yesNo),
            Column(Answer.updates), Column(Answer.visibility).extra,
            Column(Answer.threadUpdates, "threads", .yesNo).extra,
        ],
        details: [
            Column(Answer.board, "board ID"), Column(Answer.recipient, "recipient ID", .number),
            Column(Answer.createdAt, "created", .instant),
        ],
        filters: [
            Field(
                filter: Filter.board, option: "board", .thing(Boards.resource.reference),
                help: "Only rules for this board."),
            Field(
                filter: Filter.recipient, option: "recipient", .thing(Recipients.resource.reference),
                help: "Only rules for this recipient."),
        ],
        creation: [
            Field(
                New.board, option: "board", .thing(Boards.resource.reference), help: "The board, by its id or name."
            ).required,
            Field(
                New.recipient, option: "recipient", .thing(Recipients.resource.reference),
                help: "The recipient to notify, by its id or name."
            ).required,
            Field(New.enabled, option: "disabled", .sets(false), help: "Create it disabled."),
            Field(New.simulate, .sets(true), help: "Record what would be sent, send nothing."), updates, visibility,
            Field(New.threadUpdates, .sets(true), help: "Post updates as replies in the same thread."),
        ],
        change: Field.onOff(New.enabled, off: "disabled", onHelp: "Enable it.", offHelp: "Disable it.")
            + Field.onOff(New.simulate, onHelp: "Record what would be sent, send nothing.", offHelp: "Send messages.")
            + [updates, visibility]
            + Field.onOff(
                New.threadUpdates, onHelp: "Post updates as replies in the same thread.",
                offHelp: "Post updates as messages of their own."),
        switching: .enabling(New.enabled, on: "Enable a rule.", off: "Disable a rule."),
        sample: .init(
            list: "--recipient \"Dispatch\"",
            create: "--board \"Service Desk\" --recipient \"Dispatch\" --updates notes",
            update: "--simulate"))

    private static let updates = Field(
        New.updates, .choice(API.Rules.Updates.allCases.map(\.rawValue)),
        help: "Which changes after a ticket's creation to notify about.")
    private static let visibility = Field(
        New.visibility, .choice(API.Rules.Visibility.allCases.map(\.rawValue)), help: "Which notes to notify about.")
}

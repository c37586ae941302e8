import API
import BoundaryText

/// Which board notifies which recipient.
enum Rules: Noun {
    private typealias Answer = API.Rules.Answer.CodingKeys
    private typealias New = API.Rules.New.CodingKeys
    private typealias Filter = API.Rules.Filter

    static let resource = Resource(
        singular: "rule", plural: "rules", path: "/api/v1" + API.Rules.list.path,
        about: "Board to recipient: who is notified about a board's tickets.",
        columns: [
            .id, Column(Answer.boardName, "board"), Column(Answer.recipientName, "recipient"),
            Column(Answer.recipientKind, "kind"), Column(Answer.enabled, .yesNo), Column(Answer.simulate, .yesNo),
            Column(Answer.updates), Column(Answer.visibility), Column(Answer.threadUpdates, "threads", .yesNo),
        ],
        details: [
            Column(Answer.board, "board id"), Column(Answer.recipient, "recipient id", .number),
            Column(Answer.createdAt, "created", .instant),
        ],
        filters: [
            Field(filter: Filter.board, option: "board", help: "Only rules for this board, by its id in ConnectWise."),
            Field(
                filter: Filter.recipient, option: "recipient", .integer,
                help: "Only rules for this recipient, by its id."),
        ],
        creation: [
            Field(New.board, option: "board", help: "Id of the board in ConnectWise.").required,
            Field(New.recipient, option: "recipient", .integer, help: "Id of the recipient to notify.").required,
            Field(New.enabled, option: "disabled", .sets(false), help: "Create it disabled."),
            Field(New.simulate, .sets(true), help: "Record what would be sent, send nothing."), updates, visibility,
            Field(New.threadUpdates, .sets(true), help: "Post updates as replies in the same thread."),
        ],
        change: Field.onOff(New.enabled, off: "disabled", onHelp: "Enable it.", offHelp: "Disable it.")
            + Field.onOff(New.simulate, onHelp: "Record what would be sent, send nothing.", offHelp: "Send messages.")
            + [updates, visibility]
            + Field.onOff(
                New.threadUpdates, onHelp: "Post updates as replies in the same thread.",
                offHelp: "Post updates as messages of their own."))

    private static let updates = Field(
        New.updates, .choice(API.Rules.Updates.allCases.map(\.rawValue)),
        help: "Which changes after a ticket's creation to notify about.")
    private static let visibility = Field(
        New.visibility, .choice(API.Rules.Visibility.allCases.map(\.rawValue)), help: "Which notes to notify about.")
}

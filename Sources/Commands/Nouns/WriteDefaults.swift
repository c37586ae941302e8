import API
import ArgumentParser
import BoundaryText
import HTTPTypes

/// What applies to writes unless a request says otherwise.
enum WriteDefaults: Noun {
    private typealias Answer = API.PSA.Settings.Answer.CodingKeys
    private typealias BoardStatus = API.PSA.Settings.BoardStatus.CodingKeys
    private typealias Reference = API.Reference.CodingKeys
    private typealias Change = API.PSA.Settings.Change.CodingKeys

    static let resource = Resource(
        singular: "psa-settings", plural: "psa-settings",
        about: "A PSA connection's defaults for notes and time, unless a request says otherwise.",
        show: Endpoint(API.PSA.Settings.show),
        update: Endpoint(API.PSA.Settings.update), part: PSAConnections.resource.reference,
        columns: [
            Column(Answer.minutes, "minutes", .number), Column(Answer.noteType, "note type"),
            Column(Answer.workRole, Reference.name, "work role"),
            Column(Answer.workRole, Reference.id, "work role's ID", .number),
            Column(Answer.workType, Reference.name, "work type"),
            Column(Answer.workType, Reference.id, "work type's ID", .number),
            Column(Answer.member, Reference.name, "member"),
            Column(Answer.member, Reference.id, "member's ID", .number),
            Column(Answer.updatesStatus, "updates the status", .yesNo),
        ],
        sections: [
            Section(
                title: "New statuses by board", member: Answer.boardStatuses,
                columns: [
                    Column(BoardStatus.board, "board", .number), Column(BoardStatus.status, "status", .number),
                    Column(BoardStatus.name, "name"),
                ])
        ],
        change: [
            Field(Change.minutes, .integer, help: "Minutes of a logged change."),
            Field(
                Change.noteType, .choice(["internal_analysis", "resolution", "description"]), help: "The type of notes."
            ),
            Field(Change.workRole, .reference(WorkRoles.resource.reference), help: "The work role of time entries."),
            Field(Change.workRole, option: "no-work-role", .clears, help: "Leave the work role to the PSA."),
            Field(Change.workType, .reference(WorkTypes.resource.reference), help: "The work type of time entries."),
            Field(Change.workType, option: "no-work-type", .clears, help: "Leave the work type to the PSA."),
            Field(
                Change.member, .reference(MemberMappings.members),
                help: "The member that users without a mapping write as."),
            Field(
                Change.member, option: "no-member", .clears, help: "Users without a mapping write as the API member."),
        ]
            + Field.onOff(
                Change.updatesStatus, onHelp: "Update the ticket's status when a change is logged.",
                offHelp: "Leave the ticket's status unchanged."),
        isReplaced: true, sample: .init(subject: "Main", update: "--default-minutes 30 --work-role Engineer"))
}

import API
import BoundaryText

/// Boards, as last read from the PSA.
enum Boards: Noun {
    private typealias Answer = API.Boards.Answer.CodingKeys
    private typealias Status = API.Boards.Status.CodingKeys

    static let resource = Resource(
        singular: "board", plural: "boards", path: "/api/v1" + API.Boards.list.path,
        about: "A service board in ConnectWise, as last read.",
        columns: [.id, Column(Answer.name), Column(Answer.inactive, .yesNo), Column(Answer.deleted, .yesNo)],
        sections: [
            Section(
                title: "Statuses", member: Answer.statuses.stringValue,
                columns: [.id, Column(Status.name), Column(Status.closed, .yesNo), Column(Status.inactive, .yesNo)])
        ])
}

/// Members, as last read from the PSA.
enum Members: Noun {
    private typealias Answer = API.Members.Answer.CodingKeys

    static let resource = Resource(
        singular: "member", plural: "members", path: "/api/v1" + API.Members.list.path,
        about: "A member in ConnectWise: who works there on tickets.",
        columns: [
            .id, Column(Answer.identifier), Column(Answer.name), Column(Answer.email, "e-mail"),
            Column(Answer.inactive, .yesNo),
        ])
}

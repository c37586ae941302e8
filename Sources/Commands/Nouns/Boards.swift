import API
import ArgumentParser
import BoundaryText

/// Boards, as last read from the PSA.
enum Boards: Noun {
    private typealias Answer = API.Boards.Answer.CodingKeys
    private typealias Status = API.Boards.Status.CodingKeys

    static let resource = Resource(
        singular: "board", plural: "boards", about: "A service board in ConnectWise, as last read.",
        list: Endpoint(API.Boards.list), show: Endpoint(API.Boards.show), naming: .members(Answer.name),
        hasNumbers: false,
        columns: [.id, Column(Answer.name).key, Column(Answer.inactive, .yesNo), Column(Answer.deleted, .yesNo)],
        sections: [
            Section(
                title: "Statuses", member: Answer.statuses,
                columns: [.id, Column(Status.name), Column(Status.closed, .yesNo), Column(Status.inactive, .yesNo)])
        ],
        sample: .init(subject: "\"Service Desk\""))

    static let more: [any ParsableCommand.Type] = [ListBoards.self]
}

import API
import ArgumentParser
import BoundaryText

/// Members, as last read from the PSA.
enum Members: Noun {
    private typealias Answer = API.Members.Answer.CodingKeys

    static let resource = Resource(
        singular: "member", plural: "members", about: "A member in ConnectWise, who works on tickets.",
        list: Endpoint(API.Members.list), naming: .members(Answer.name, Answer.identifier, Answer.email),
        hasNumbers: false,
        columns: [
            .id, Column(Answer.identifier, "login name"), Column(Answer.name).key, Column(Answer.email, "e-mail"),
            Column(Answer.inactive, .yesNo),
        ])

    static let more: [any ParsableCommand.Type] = [ListMembers.self]
}

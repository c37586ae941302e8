import API
import ArgumentParser
import BoundaryText
import HTTPTypes

/// As what time is logged.
enum WorkRoles: Noun {
    private typealias Answer = API.Reference.CodingKeys

    static let resource = Resource(
        singular: "work-role", plural: "work-roles", about: "A work role in the PSA, for --work-role.",
        list: Endpoint(API.WorkRoles.list.main), naming: .members(Answer.name), hasNumbers: false,
        columns: [.id, Column(Answer.name).key])
}

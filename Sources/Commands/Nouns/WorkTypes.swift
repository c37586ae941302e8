import API
import ArgumentParser
import BoundaryText
import HTTPTypes

/// What kind of work time is logged as.
enum WorkTypes: Noun {
    private typealias Answer = API.Reference.CodingKeys

    static let resource = Resource(
        singular: "work-type", plural: "work-types", about: "A work type in the PSA, for --work-type.",
        list: Endpoint(API.WorkTypes.list.main), naming: .members(Answer.name), hasNumbers: false,
        columns: [.id, Column(Answer.name).key])
}

import API
import ArgumentParser
import BoundaryText
import HTTPTypes

/// Companies in the PSA.
enum Companies: Noun {
    private typealias Answer = API.Reference.CodingKeys
    private typealias Filter = API.Companies.Filter

    static let resource = Resource(
        singular: "company", plural: "companies", about: "A company in the PSA.",
        list: Endpoint(API.Companies.list.main), naming: .members(Answer.name), hasNumbers: false,
        search: Member(Filter.search),
        columns: [.id, Column(Answer.name).key],
        filters: [Field(filter: Filter.search, help: "Only companies whose name contains this text.")],
        sample: .init(list: "--search kettle"))
}

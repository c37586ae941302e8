import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

extension MemberMappings {
    /// Saves one user's mapping.
    static func save(_ user: String, _ member: JSON, with client: APIClient) async throws -> Outcome {
        let user = try await client.names.find(user, in: MemberMappings.users)
        typealias Mapping = API.MemberMappings.Change.Mapping.CodingKeys
        let mapping = JSON(members: [Mapping.user: MemberMappings.users.json(user.id), .member: member])
        let answer = try await client.thing(APIRequest(API.MemberMappings.save.main([.mappings: [mapping]])))
        return Outcome(
            content: .list(answer.items, columns: MemberMappings.resource.columns, next: .null),
            answer: answer)
    }
}

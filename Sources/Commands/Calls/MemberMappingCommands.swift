import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

private func save(_ user: String, _ member: JSON, with client: APIClient) async throws -> Outcome {
    let user = try await client.names.find(user, in: MemberMappings.users)
    typealias Mapping = API.MemberMappings.Change.Mapping.CodingKeys
    let mapping = JSON(members: [Mapping.user: MemberMappings.users.json(user.id), .member: member])
    let answer = try await client.thing(APIRequest(API.MemberMappings.save.main([.mappings: [mapping]])))
    return Outcome(
        content: .list(answer.items, columns: MemberMappings.resource.columns, next: .null),
        answer: answer)
}

/// `patchbay member-mapping set`.
struct SetMapping: ClientCommand {
    static let configuration = CommandConfiguration(
        "set", "Map a user to a member, so that notes show the member's name.",
        examples: ["member-mapping set ada@example.com alovelace"])

    @Argument(help: "The user, by id, name or e-mail address.")
    var user: String
    @Argument(help: "The member, by id, name or login name.")
    var member: String

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let member = try await client.names.find(member, in: MemberMappings.members)
        return try await save(user, .text(member.id), with: client)
    }
}

/// `patchbay member-mapping delete`.
struct DeleteMapping: ClientCommand {
    static let configuration = CommandConfiguration(
        "delete", "Delete a user's mapping.", more: "Asks first, unless --yes is given.",
        examples: ["member-mapping delete ada@example.com --yes"])

    @Argument(help: "The user, by id, name or e-mail address.")
    var user: String

    @OptionGroup var confirmation: Confirmation
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        try confirmation.check(in: surroundings)
        try confirmation.ask("Delete the member mapping of user \(user)?", in: surroundings)
        return try await save(user, .null, with: client)
    }
}

/// `patchbay member-mapping auto-match`.
struct AutoMatchMembers: ClientCommand {
    static let configuration = CommandConfiguration(
        "auto-match", "Map users to the members with the same e-mail address.",
        more: "Mappings that exist stay.", examples: ["member-mapping auto-match"])

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let answer = try await client.thing(Endpoint(API.MemberMappings.autoMatch.main)(body: [:]))
        let sections = API.MemberMappings.Report.CodingKeys.allCases.map { key in
            Section(title: key.stringValue.sentenceCased, member: key, columns: MemberMappings.resource.columns)
        }
        return Outcome(content: .one(answer, Content.Layout(columns: [], sections: sections, quiet: nil)))
    }
}

import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

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
        return try await MemberMappings.save(user, .text(member.id), with: client)
    }
}

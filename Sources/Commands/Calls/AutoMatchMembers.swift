import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

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

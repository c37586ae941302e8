import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay post retry`.
struct RetryPost: ClientCommand {
    static let configuration = CommandConfiguration(
        "retry", "Retry what failed of a request, or what waits; what was done is not done again.",
        examples: ["post retry 17", "post retry 17 --work-role Engineer"])

    @OptionGroup var subject: Identified<Posts>
    @Option(help: "Log the time as this work role instead, by its id or name.")
    var workRole: String?
    @Option(help: "Log the time as this work type instead, by its id or name.")
    var workType: String?
    @Option(help: "Update the ticket to this status instead, by its id or name.")
    var status: String?

    @OptionGroup var client: ClientOptions

    func request(_ names: NameBook, ticket: () async throws -> String) async throws -> APIRequest {
        var body: [API.Posts.Retry.CodingKeys: JSON] = [:]
        if let workRole { body[.workRole] = .text(try await names.find(workRole, in: WorkRoles.lookup).id) }
        if let workType { body[.workType] = .text(try await names.find(workType, in: WorkTypes.lookup).id) }
        if let status {
            var id = status
            if !Lookup.isID(status) {
                let lookup = Lookup.statuses(of: try await ticket(), from: Endpoint(API.Tickets.statuses.main))
                id = try await names.find(status, in: lookup).id
            }
            body[.status] = .text(id)
        }
        return Endpoint(API.Posts.retry)([subject.identifier], body: JSON(members: body))
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let request = try await request(client.names) {
            try await client.thing(Endpoint(API.Posts.show)([subject.identifier]))[API.Posts.Answer.CodingKeys.ticket]
                .plain
        }
        return Written.outcome(try await client.thing(request))
    }
}

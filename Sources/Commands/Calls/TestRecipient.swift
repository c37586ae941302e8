import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay recipient test`: sends a test message and waits for the result.
struct TestRecipient: ClientCommand {
    private typealias Answer = API.Notices.Answer.CodingKeys

    static let configuration = CommandConfiguration(
        "test", "Send a test message to a recipient.", more: "Exit code 1 when it fails.",
        examples: ["recipient test \"Dispatch\""])

    // A message that is not through by then waits for something that lasts longer.
    private static let patience = 40

    @OptionGroup var subject: Identified<Recipients>
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let lookup = Recipients.resource.reference
        let id = try await client.names.find(subject.identifier, in: lookup).id
        guard Int64(id) != nil else { throw Failure.usage("The recipient's id is a number.") }
        var notice = try await client.thing(APIRequest(API.Notices.test([.recipient: lookup.json(id)])))
        let show = Endpoint(API.Notices.show)([notice[Answer.id].plain])
        for _ in 0..<Self.patience {
            guard let state = notice[Answer.state].string, state == "queued" || state == "uncertain",
                notice[Answer.error].isNull
            else { break }
            try await Task.sleep(for: .milliseconds(250))
            notice = try await client.thing(show)
        }
        return Outcome(
            content: .one(notice, Content.Layout(Notices.resource)),
            isGood: notice[Answer.state] == "sent")
    }
}

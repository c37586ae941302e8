import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay job retry`.
struct RetryJob: ClientCommand {
    static let configuration = CommandConfiguration(
        "retry", "Retry a failed job.", examples: ["job retry 7"])

    @OptionGroup var subject: Identified<Jobs>
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        _ = try await client.send(Endpoint(API.BackgroundJobs.retry)([subject.identifier]))
        return Outcome(content: .done("Job \(subject.identifier) is queued again.", id: subject.identifier))
    }
}

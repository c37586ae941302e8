import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay job show`.
struct ShowJobs: ClientCommand {
    static let configuration = CommandConfiguration(
        "show", "Show how many background jobs there are in each state.", examples: ["job show"])

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        typealias Counts = API.BackgroundJobs.Counts.CodingKeys
        let columns = [Counts.ready, .waiting, .running, .failed].map { Column($0, .number) }
        return Outcome(
            content: .one(
                try await client.thing(Endpoint(API.BackgroundJobs.count)()),
                Content.Layout(columns: columns, quiet: nil)))
    }
}

import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay overview`: the last 24 hours.
struct OverviewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "overview", "What happened in the last 24 hours.", examples: ["overview show"], subcommands: [Show.self])

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            "show", "Show the last 24 hours and what needs attention.", examples: ["overview show"])

        @OptionGroup var client: ClientOptions

        func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
            let answer = try await client.thing(Endpoint(API.Overview.counts)())
            let all = try await client.thing(Endpoint(API.Overview.show)())
            return Outcome(content: .one(answer, Content.Layout(quiet: nil)), answer: all)
        }
    }
}

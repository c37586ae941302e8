import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay health`.
struct Health: ClientCommand {
    static let configuration = CommandConfiguration(
        "health", "Check whether the server is ready, and what is not.",
        more: "Needs no API key. Exit code 1 when it is not ready, 2 when nothing answers.", examples: ["health"])

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        // 503 is an answer to this question and no refusal, as long as it says what is wrong.
        let answer = try await client.send(APIRequest(method: .get, path: "/readiness"), accepting: [503])
        guard let body = answer.body, !body["checks"].isNull || answer.status == 200 else {
            throw Failure.refused(Problem(status: answer.status, body: answer.body), advice: nil)
        }
        let layout = Content.Layout(
            columns: [Column("status", .state)],
            sections: [
                Section(
                    title: "Checks", member: "checks",
                    columns: [Column("name"), Column("ok", .yesNo), Column("detail")])
            ], quiet: nil)
        return Outcome(content: .one(body, layout), isGood: answer.status == 200)
    }
}

import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay health`.
struct Health: ClientCommand {
    /// What `/readiness` says, which is no operation of the API.
    private enum Readiness: String, CodingKey {
        case status, checks, name, ok, detail
    }

    static let configuration = CommandConfiguration(
        "health", "Check whether the server is ready, and what is not.",
        more: "Needs no API key. Exit code 1 when it is not ready, 2 when nothing answers.", examples: ["health"])

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        // 503 is an answer to this question and no refusal, as long as it says what is wrong.
        let answer = try await client.send(APIRequest(method: .get, path: "/readiness"), accepting: [503])
        guard let body = answer.body, !body[Readiness.checks].isNull || answer.status == 200 else {
            throw Failure.refused(Problem(status: answer.status, body: answer.body), advice: nil)
        }
        let layout = Content.Layout(
            columns: [Column(Readiness.status, .state)],
            sections: [
                Section(
                    title: "Checks", member: Readiness.checks,
                    columns: [Column(Readiness.name), Column(Readiness.ok, .yesNo), Column(Readiness.detail)])
            ], quiet: nil)
        return Outcome(content: .one(body, layout), isGood: answer.status == 200)
    }
}

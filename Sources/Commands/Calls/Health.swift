import ArgumentParser
import BoundaryText

/// `patchbay health`.
struct Health: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say whether the server is ready for work, and what is not.",
        discussion: "Needs no API key. Exit code 1 when it is not ready, 2 when nothing answers.")

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        // 503 is an answer to this question and no refusal, as long as it says what is wrong.
        let answer = try await client.send(Call(method: .get, path: "/readiness"), accepting: [503])
        guard let body = answer.body, body["checks"] != nil || answer.status == 200 else {
            throw Failure.refused(Problem(status: answer.status, body: answer.body), advice: nil)
        }
        let layout = Content.Layout(
            columns: [Column("status")],
            sections: [
                Section(
                    title: "Checks", member: "checks",
                    columns: [Column("name"), Column("ok", .yesNo), Column("detail")])
            ], quiet: nil)
        return Outcome(content: .one(body, layout), isGood: answer.status == 200)
    }
}

import ArgumentParser
import BoundaryText

/// `patchbay ping`.
struct Ping: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say whether the server answers, and how fast.",
        discussion: "Needs no API key. Exit code 2 when nothing answers.")

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let clock = ContinuousClock()
        let start = clock.now
        let answer = try await client.send(Call(method: .get, path: "/healthcheck"))
        let took = start.duration(to: clock.now)
        // Hundredths: a round trip on one machine is well below a millisecond.
        let milliseconds = (took / .milliseconds(1) * 100).rounded() / 100
        return Outcome(
            content: .one(
                .object([
                    "url": .string(client.address.text), "status": .integer(answer.status),
                    "round_trip_ms": .number(milliseconds),
                ]),
                Content.Layout(
                    columns: [
                        Column("url", "server"), Column("status"), Column("round_trip_ms", "round trip (ms)"),
                    ], quiet: nil)))
    }
}

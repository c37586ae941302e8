import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay ping`.
struct Ping: ClientCommand {
    private enum Shown: String, CodingKey {
        case url, status
        case roundTrip = "round_trip_ms"
    }

    static let configuration = CommandConfiguration(
        "ping", "Check whether the server answers, and how fast.",
        more: "Needs no API key. Exit code 2 when nothing answers.", examples: ["ping"])

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let clock = ContinuousClock()
        let start = clock.now
        let answer = try await client.send(APIRequest(method: .get, path: "/healthcheck"))
        let took = start.duration(to: clock.now)
        // Hundredths: a round trip on one machine is well below a millisecond.
        let milliseconds = (took / .milliseconds(1) * 100).rounded() / 100
        return Outcome(
            content: .one(
                JSON(members: [
                    Shown.url: .text(client.address.text), .status: .integer(Int64(answer.status)),
                    .roundTrip: .number(milliseconds),
                ]),
                Content.Layout(
                    columns: [
                        Column(Shown.url, "server"), Column(Shown.status), Column(Shown.roundTrip, "round trip (ms)"),
                    ], quiet: nil)))
    }
}

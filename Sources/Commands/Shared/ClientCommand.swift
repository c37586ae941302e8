import ArgumentParser
import BoundaryText

/// A command that calls the HTTP API and prints what comes of it.
protocol ClientCommand: AsyncParsableCommand {
    var client: ClientOptions { get }

    /// Does the work. Throws ``Failure`` with what to tell the caller.
    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome
}

/// What every client command understands.
struct ClientOptions: ParsableArguments {
    @Flag(exclusivity: .exclusive)
    var format = OutputFormat.table

    @Option(
        help: ArgumentHelp(
            "The server's address; its API key comes from PATCHBAY_API_KEY. "
                + "(default: $PATCHBAY_URL, else \(ServerAddress.standard))",
            valueName: "address"))
    var server: String?

    /// The server that is meant.
    func address(in surroundings: Surroundings) throws(Failure) -> ServerAddress {
        let configured = surroundings.environment["PATCHBAY_URL"].flatMap { $0.isEmpty ? nil : $0 }
        return try ServerAddress(server ?? configured ?? ServerAddress.standard)
    }

    /// The key to show, if there is one.
    func key(in surroundings: Surroundings) -> String? {
        surroundings.environment["PATCHBAY_API_KEY"].flatMap { $0.isEmpty ? nil : $0 }
    }
}

extension ClientCommand {
    func run() async throws {
        try await run(in: .process)
    }

    /// Performs and prints: results with `write`, everything else with `report`. Throws an `ExitCode` when it fails,
    /// after having said why.
    func run(in surroundings: Surroundings) async throws {
        do {
            let outcome = try await APIClient.connected(
                to: client.address(in: surroundings), key: client.key(in: surroundings)
            ) { [self] client in
                try await perform(with: client, in: surroundings)
            }
            for line in try outcome.lines(as: client.format, surroundings.style) {
                try surroundings.write(line)
            }
            switch client.format {
            case .table: outcome.notes.forEach { surroundings.report($0.printable) }
            case .json, .quiet: break
            }
            guard outcome.isGood else { throw Failure.bad }
        } catch let failure as Failure {
            failure.lines.forEach { surroundings.report($0.printable) }
            throw failure.exitCode
        }
    }
}

import ArgumentParser

/// `patchbay test`.
struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Try a connection's credentials.",
        subcommands: [TestNoun<PSAConnections>.self, TestNoun<ChatConnections>.self])
}

/// `patchbay test` with a noun: the server signs in to the other system and says what came of it.
struct TestNoun<N: Noun>: ClientCommand {
    static var configuration: CommandConfiguration {
        N.resource.configuration("Try one \(N.resource.name); exit code 1 when it does not work.")
    }

    @OptionGroup var subject: Identified
    @OptionGroup var client: ClientOptions

    var call: Call { Call(method: .post, path: N.resource.path(of: subject.identifier) + "/test") }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        guard let thing = try await client.send(call).body else {
            return Outcome(content: .done("The \(N.resource.name) works.", id: subject.identifier))
        }
        let failed = thing["ok"] == .bool(false) || (thing["state"]?.text.map { $0 != "ok" } ?? false)
        return Outcome(content: .one(thing, Content.Layout(N.resource)), isGood: !failed)
    }
}

import ArgumentParser
import BoundaryText

/// `patchbay test`.
struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Try a connection's credentials, or whether messages reach a recipient.",
        subcommands: [TestNoun<PSAConnections>.self, TestNoun<ChatConnections>.self, TestRecipient.self])
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

/// `patchbay test recipient`: sends a test message and waits for what becomes of it.
struct TestRecipient: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "recipient", abstract: "Send a test message to one recipient; exit code 1 when it fails.")

    // A message that is not through by then waits for something that lasts longer.
    private static let patience = 40

    @OptionGroup var subject: Identified
    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard Int(subject.identifier) != nil else { throw ValidationError("The recipient's id is a number") }
    }

    var call: Call {
        Call(
            method: .post, path: "/api/v1/test-messages",
            body: .object(["recipient_id": .integer(Int(subject.identifier) ?? 0)]))
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        var notice = try await client.thing(call)
        let path = "/api/v1/notices/\(notice["id"]?.plain ?? "")"
        for _ in 0..<Self.patience {
            guard let state = notice["state"]?.text, state == "queued" || state == "uncertain", notice["error"] == nil
            else { break }
            try await Task.sleep(for: .milliseconds(250))
            notice = try await client.thing(Call(method: .get, path: path))
        }
        let layout = Content.Layout(
            columns: [
                .id, Column("recipient_name", "recipient"), Column("state"), Column("error"),
                Column("sent_at", "sent", .instant),
            ])
        return Outcome(content: .one(notice, layout), isGood: notice["state"] == .string("sent"))
    }
}

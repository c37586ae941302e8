import ArgumentParser
import BoundaryText

/// `patchbay retry`.
struct RetryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Send deliveries again.",
        subcommands: [RetryDelivery.self, RetryDeliveries.self])
}

/// `patchbay retry delivery`.
struct RetryDelivery: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "delivery", abstract: "Send one delivery again.",
        discussion: "An uncertain delivery may have arrived; look in the room before you send it again.")

    @OptionGroup var subject: Identified
    @OptionGroup var client: ClientOptions

    var call: Call { Call(method: .post, path: Deliveries.resource.path(of: subject.identifier) + "/retry") }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        guard let delivery = try await client.send(call).body, delivery["id"] != nil else {
            return Outcome(
                content: .done("Delivery \(subject.identifier) is queued again.", id: subject.identifier))
        }
        return Outcome(content: .one(delivery, Content.Layout(Deliveries.resource)))
    }
}

/// `patchbay retry deliveries`.
struct RetryDeliveries: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "deliveries", abstract: "Send all failed deliveries again.")

    @Flag(help: "Those that failed; has to be said, so that nobody sends everything by a slip.")
    var failed = false

    @Option(help: "Only this ticket's.")
    var ticket: String?
    @Option(help: "Only to this recipient, by its id.")
    var recipient: Int?

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard failed else { throw ValidationError("Say which deliveries: --failed") }
    }

    var call: Call {
        var body: [String: JSON] = ["state": .string("failed")]
        if let ticket { body["ticket_id"] = .string(ticket) }
        if let recipient { body["recipient_id"] = .integer(recipient) }
        return Call(method: .post, path: Deliveries.resource.path + "/retry", body: .object(body))
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let answer = try await client.thing(call)
        let layout = Content.Layout(columns: [Column("count", "queued again", .number)], quiet: nil)
        return Outcome(content: .one(answer, layout))
    }
}

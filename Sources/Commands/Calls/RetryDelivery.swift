import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay delivery retry`.
struct RetryDelivery: ClientCommand {
    static let configuration = CommandConfiguration(
        "retry", "Retry a failed delivery, or all failed ones.",
        more: "All failed ones are retried only with --failed, and after a question unless --yes is given.",
        examples: ["delivery retry 1042", "delivery retry --failed --recipient \"Dispatch\" --since 2h --yes"])

    @Argument(help: "The id, as lists show it.")
    var delivery: String?
    @Flag(help: "All failed ones.")
    var failed = false
    @Option(help: "Only this ticket's.")
    var ticket: String?
    @Option(help: "Only to this recipient, by its id or name.")
    var recipient: String?
    @Option(help: ArgumentHelp("Only those created at this time or later. Such as \(Instant.Direction.back.examples)."))
    var since: String?
    @Option(help: "Only those created before this time.")
    var until: String?

    @OptionGroup var confirmation: Confirmation
    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard failed != (delivery != nil) else {
            throw ValidationError("Give the id of a delivery, or --failed for all failed ones")
        }
        guard failed || [ticket, recipient, since, until].allSatisfy({ $0 == nil }) else {
            throw ValidationError("--ticket, --recipient, --since and --until need --failed")
        }
    }

    func request(in surroundings: Surroundings, _ names: NameBook) async throws -> APIRequest {
        if let delivery { return Endpoint(API.Deliveries.retry)([delivery]) }
        var body: [API.Deliveries.Retry.CodingKeys: JSON] = [.state: "failed"]
        if let ticket { body[.ticket] = .text(ticket) }
        if let recipient {
            let lookup = Recipients.resource.reference
            body[.recipient] = lookup.json(try await names.find(recipient, in: lookup).id)
        }
        if let since { body[.since] = .text(try Instant.option("since", since, .back, in: surroundings)) }
        if let until { body[.until] = .text(try Instant.option("until", until, .back, in: surroundings)) }
        return APIRequest(API.Deliveries.retryAll(body))
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        if failed { try confirmation.check(in: surroundings) }
        let request = try await request(in: surroundings, client.names)
        if failed {
            try confirmation.ask("Retry all failed deliveries that match?", in: surroundings)
            let layout = Content.Layout(
                columns: [Column(API.Deliveries.Count.CodingKeys.count, "queued again", .number)], quiet: nil)
            return Outcome(content: .one(try await client.thing(request), layout))
        }
        guard let answer = try await client.send(request).body, !answer[API.Deliveries.Answer.CodingKeys.id].isNull
        else {
            return Outcome(content: .done("Delivery \(delivery ?? "") is queued again.", id: delivery))
        }
        return Outcome(content: .one(answer, Content.Layout(Deliveries.resource)))
    }
}

import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay delivery show`.
struct ShowDelivery: ClientCommand {
    static let configuration = CommandConfiguration(
        "show", "Show a delivery, or its message.", examples: ["delivery show 1042", "delivery show 1042 --message"])

    @OptionGroup var subject: Identified<Deliveries>
    @Flag(help: "Show the message instead, in Markdown.")
    var message = false

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        guard message else {
            let answer = try await client.thing(Endpoint(API.Deliveries.show)([subject.identifier]))
            return Outcome(content: .one(answer, Content.Layout(Deliveries.resource)))
        }
        let answer = try await client.thing(Endpoint(API.Deliveries.message)([subject.identifier]))
        return Outcome(content: .one(answer, Content.Layout(quiet: nil)))
    }
}

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

/// `patchbay delivery explain`.
struct ExplainDelivery: ClientCommand {
    static let configuration = CommandConfiguration(
        "explain", "Explain why a delivery exists and what happened to it.", examples: ["delivery explain 1042"])

    @OptionGroup var subject: Identified<Deliveries>
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let request = Endpoint(API.Deliveries.explain)([subject.identifier])
        return Outcome(content: .one(try await client.thing(request), Explanations.layout))
    }
}

/// How explanations are shown.
enum Explanations {
    private typealias Answer = API.Explanations.Answer.CodingKeys

    static let layout = Content.Layout(
        columns: [
            Column(Answer.eventKind, "event"), Column(Answer.happenedAt, "happened", .instant),
            Column(Answer.recipientName, "recipient"), Column(Answer.outcome, .state), Column(Answer.reason),
        ], quiet: Member(Answer.outcome))
}

/// `patchbay recipient test`: sends a test message and waits for the result.
struct TestRecipient: ClientCommand {
    private typealias Answer = API.Notices.Answer.CodingKeys

    static let configuration = CommandConfiguration(
        "test", "Send a test message to a recipient.", more: "Exit code 1 when it fails.",
        examples: ["recipient test \"Dispatch\""])

    // A message that is not through by then waits for something that lasts longer.
    private static let patience = 40

    @OptionGroup var subject: Identified<Recipients>
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let lookup = Recipients.resource.reference
        let id = try await client.names.find(subject.identifier, in: lookup).id
        guard Int64(id) != nil else { throw Failure.usage("The recipient's id is a number.") }
        var notice = try await client.thing(APIRequest(API.Notices.test([.recipient: lookup.json(id)])))
        let show = Endpoint(API.Notices.show)([notice[Answer.id].plain])
        for _ in 0..<Self.patience {
            guard let state = notice[Answer.state].string, state == "queued" || state == "uncertain",
                notice[Answer.error].isNull
            else { break }
            try await Task.sleep(for: .milliseconds(250))
            notice = try await client.thing(show)
        }
        return Outcome(
            content: .one(notice, Content.Layout(Notices.resource)),
            isGood: notice[Answer.state] == "sent")
    }
}

/// Alerts and test messages on their way.
enum Notices: Noun {
    private typealias Answer = API.Notices.Answer.CodingKeys

    static let resource = Resource(
        singular: "notice", plural: "notices", about: "An alert or test message, with its state.",
        list: Endpoint(API.Notices.list), show: Endpoint(API.Notices.show),
        columns: [
            .id, Column(Answer.kind), Column(Answer.recipientName, "recipient").key, Column(Answer.state, .state).key,
            Column(Answer.error), Column(Answer.sentAt, "sent", .instant),
        ],
        details: [
            Column(Answer.text), Column(Answer.recipient, "recipient ID", .number),
            Column(Answer.messageID, "message ID"), Column(Answer.trackingID, "tracking ID"),
            Column(Answer.createdAt, "created", .instant),
        ],
        sample: .init(subject: "12"))
}

/// `patchbay chat-connection rotate-secret`.
struct RotateSecretCommand: ClientCommand {
    private typealias Answer = API.ChatConnections.Answer.CodingKeys

    static let configuration = CommandConfiguration(
        "rotate-secret", "Rotate a webhook's secret; the old one also signs for another day.",
        more: "The new secret is printed once and never again.", examples: ["chat-connection rotate-secret Wallboard"])

    @OptionGroup var subject: Identified<ChatConnections>
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let id = try await client.names.find(subject.identifier, in: ChatConnections.lookup).id
        let rotate = Endpoint(API.ChatConnections.rotateSecret)
        let layout = Content.Layout(
            columns: [.id, Column(Answer.name), Column(Answer.secret)], quiet: Member(Answer.secret))
        return Outcome(content: .one(try await client.thing(rotate([id])), layout))
    }
}

import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay event`.
struct EventCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "event", "A detected change of a ticket, and who was notified.",
        examples: ["event list 10248", "event explain 10248 77 --recipient \"Dispatch\""],
        subcommands: [ListEvents.self, ExplainEvent.self], aliases: ["events"])
}

/// `patchbay event list`.
struct ListEvents: ClientCommand {
    private typealias Answer = API.Events.Answer.CodingKeys
    private typealias Delivery = API.Deliveries.Answer.CodingKeys

    /// Which recipients were notified, in a sentence each.
    private enum Shown: String, CodingKey {
        case notified
        case notNotified = "not_notified"
    }

    static let configuration = CommandConfiguration(
        "list", "List a ticket's events, with who was notified, and who wasn't and why.",
        examples: ["event list 10248"])

    @Argument(help: "The ticket's number.")
    var ticket: String
    @OptionGroup var amount: Amount

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let (events, next) = try await client.pages(of: "events", upTo: amount.most) { limit, cursor in
            var query = [APIRequest.Parameter(name: "limit", value: "\(min(limit, APIClient.largestPage))")]
            if let cursor { query.append(.init(name: "cursor", value: cursor)) }
            return Endpoint(API.Events.list)([ticket], query: query)
        }
        let columns = [
            Column(Answer.createdAt, "when", .instant).key, Column(Answer.id, "event", .number).key,
            Column(Answer.kind, "what").key, Column(Answer.changedBy, "by").extra, Column(Shown.notified),
            Column(Shown.notNotified),
        ]
        let cursor: JSON = next.map { .text($0) } ?? .null
        return Outcome(
            content: .list(events.map(Self.summary), columns: columns, next: cursor),
            answer: .page(events, next: cursor),
            notes: (events.isEmpty ? ["This ticket has no events yet."] : [])
                + (next == nil ? [] : [APIClient.thereAreMore]))
    }

    /// The event with its deliveries in two sentences.
    static func summary(_ event: JSON) -> JSON {
        guard case .object(var members) = event else { return event }
        let deliveries = event[Answer.deliveries].elements
        func names(_ isNotified: Bool) -> [String] {
            deliveries.filter { (($0[Delivery.state].string ?? "") != "skipped") == isNotified }.map { delivery in
                let (name, state) = (
                    delivery[Delivery.recipientName].string ?? "?", delivery[Delivery.state].string ?? "?"
                )
                if isNotified { return state == "sent" ? name : "\(name) (\(state))" }
                return "\(name): \(delivery[Delivery.reason].string ?? "")"
            }
        }
        members[Shown.notified.rawValue] = .text(names(true).joined(separator: ", "))
        members[Shown.notNotified.rawValue] = .text(
            (names(false) + [event[Answer.reason].string].compactMap(\.self)).joined(separator: ", "))
        return .object(members)
    }
}

/// `patchbay event explain`.
struct ExplainEvent: ClientCommand {
    static let configuration = CommandConfiguration(
        "explain", "Explain why a recipient was or wasn't notified of an event.",
        examples: ["event explain 10248 77 --recipient \"Dispatch\""])

    @Argument(help: "The ticket's number.")
    var ticket: String
    @Argument(help: "The event, by the id that event list shows.")
    var event: String
    @Option(help: "The recipient, by its id or name.")
    var recipient: String

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let found = try await client.names.find(recipient, in: Recipients.lookup)
        let request = Endpoint(API.Events.explain)(
            [ticket, event], query: [.init(name: "recipient_id", value: found.id)])
        return Outcome(content: .one(try await client.thing(request), Explanations.layout))
    }
}

/// `patchbay ticket preview`.
struct PreviewCommand: ClientCommand {
    private typealias Item = API.Previews.Item.CodingKeys

    static let configuration = CommandConfiguration(
        "preview", "Preview who would get notified about a ticket, and why; nothing is sent.",
        examples: ["ticket preview 10248 --event note_added --author kbrandt"])

    @Argument(help: "The ticket's number.")
    var ticket: String
    @Option(help: ArgumentHelp("What happens, such as created, note_added, assigned, closed."))
    var event = "created"
    @Option(help: "The note's author, by login name.")
    var author: String?
    @Flag(help: "The note is internal: customers cannot see it.")
    var `internal` = false
    @Option(help: "The assigned member, by login name.")
    var member: String?

    @OptionGroup var client: ClientOptions

    var request: APIRequest {
        var body: [API.Previews.Question.CodingKeys: JSON] = [.ticket: .text(ticket), .event: .text(event)]
        if let author { body[.author] = .text(author) }
        if let member { body[.member] = .text(member) }
        if `internal` { body[.isInternal] = true }
        return APIRequest(API.Previews.create(body))
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let answer = try await client.thing(request)
        let columns = [
            Column(Item.recipientName, "recipient").key, Column(Item.recipientKind, "kind").extra,
            Column(Item.outcome).key, Column(Item.reason),
        ]
        let notes =
            answer[API.Previews.Answer.CodingKeys.reason].string.map { ["No one would get notified: \($0)."] } ?? []
        return Outcome(
            content: .list(answer.items, columns: columns, next: .null), answer: answer, notes: notes)
    }
}

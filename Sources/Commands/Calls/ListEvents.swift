import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

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

import ArgumentParser
import BoundaryText

/// `patchbay preview`.
struct PreviewCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview", abstract: "Say who would be told about a ticket, and why, without telling anybody.")

    @Argument(help: "The ticket's number.")
    var ticket: String
    @Option(help: ArgumentHelp("What is supposed to happen, such as created, note_added, assigned, closed."))
    var event = "created"
    @Option(help: "Who is supposed to have written the note, by login name.")
    var author: String?
    @Flag(help: "Suppose that customers cannot see the note.")
    var `internal` = false
    @Option(help: "Who is supposed to be assigned, by login name.")
    var member: String?

    @OptionGroup var client: ClientOptions

    var call: Call {
        var body: [String: JSON] = ["ticket_id": .string(ticket), "event": .string(event)]
        if let author { body["author"] = .string(author) }
        if let member { body["member"] = .string(member) }
        if `internal` { body["internal"] = .bool(true) }
        return Call(method: .post, path: "/api/v1/preview", body: .object(body))
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let answer = try await client.thing(call)
        let columns = [
            Column("recipient_name", "recipient"), Column("recipient_kind", "kind"), Column("outcome"),
            Column("reason"),
        ]
        let notes = answer["reason"]?.text.map { ["Nobody would be told: \($0)."] } ?? []
        return Outcome(
            content: .list(answer["items"]?.elements ?? [], columns: columns, next: .null), answer: answer, notes: notes
        )
    }
}

/// `patchbay events`.
struct EventsCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Show what happened to a ticket, who was told, and who was not and why.")

    @Argument(help: "The ticket's number.")
    var ticket: String

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        var events: [JSON] = []
        var cursor: String?
        repeat {
            var call = Call(method: .get, path: "/api/v1/tickets/\(Call.segment(ticket))/events")
            call.query = [.init(name: "limit", value: "200")]
            if let cursor { call.query.append(.init(name: "cursor", value: cursor)) }
            let page = try await client.thing(call)
            events += page["items"]?.elements ?? []
            let next = page["next_cursor"]?.text
            // A server that answers the same page again is left.
            cursor = next == cursor ? nil : next
        } while cursor != nil
        let columns = [
            Column("created_at", "when", .instant), Column("id", "event", .number), Column("kind", "what"),
            Column("changed_by", "by"), Column("told"), Column("not_told", "not told"),
        ]
        return Outcome(
            content: .list(events.map(Self.told), columns: columns, next: .null),
            answer: .object(["items": .array(events), "next_cursor": .null]),
            notes: events.isEmpty ? ["Nothing has happened to this ticket yet."] : [])
    }

    /// The event with its deliveries in two sentences.
    static func told(_ event: JSON) -> JSON {
        guard var members = event.members else { return event }
        let deliveries = event["deliveries"]?.elements ?? []
        func names(_ isTold: Bool) -> [String] {
            deliveries.filter { (($0["state"]?.text ?? "") != "skipped") == isTold }.map { delivery in
                let (name, state) = (delivery["recipient_name"]?.plain ?? "?", delivery["state"]?.plain ?? "?")
                if isTold { return state == "sent" ? name : "\(name) (\(state))" }
                return "\(name): \(delivery["reason"]?.plain ?? "")"
            }
        }
        members["told"] = .string(names(true).joined(separator: ", "))
        members["not_told"] = .string(
            (names(false) + [event["reason"]?.text].compactMap(\.self)).joined(separator: ", "))
        return .object(members)
    }
}

/// `patchbay explain`.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say why somebody was told, or was not.",
        subcommands: [ExplainDelivery.self, ExplainEvent.self])
}

/// `patchbay explain delivery`.
struct ExplainDelivery: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "delivery", abstract: "Say why there is a delivery and what became of it.")

    @OptionGroup var subject: Identified
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let path = Deliveries.resource.path(of: subject.identifier) + "/explanation"
        return Outcome(content: .one(try await client.thing(Call(method: .get, path: path)), Explanations.layout))
    }
}

/// `patchbay explain event`.
struct ExplainEvent: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "event", abstract: "Say why a recipient was told of an event, or was not.")

    @Argument(help: "The ticket's number.")
    var ticket: String
    @Argument(help: "The event, as `patchbay events` shows it.")
    var event: String
    @Option(help: "The recipient, by its id.")
    var recipient: String

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        var call = Call(
            method: .get,
            path: "/api/v1/tickets/\(Call.segment(ticket))/events/\(Call.segment(event))/explanation")
        call.query = [.init(name: "recipient_id", value: recipient)]
        return Outcome(content: .one(try await client.thing(call), Explanations.layout))
    }
}

private enum Explanations {
    static let layout = Content.Layout(
        columns: [
            Column("event_kind", "event"), Column("happened_at", "happened", .instant),
            Column("recipient_name", "recipient"), Column("outcome"), Column("reason"),
        ], quiet: "outcome")
}

import API
import ArgumentParser
import BoundaryText
import HTTPTypes

/// Messages of ticket events to recipients, with what became of them.
enum Deliveries: Noun {
    private typealias Answer = API.Deliveries.Answer.CodingKeys
    private typealias Filter = API.Deliveries.Filter

    static let resource = Resource(
        singular: "delivery", plural: "deliveries",
        about: "One message of one ticket event to one recipient, with its state.",
        list: Endpoint(API.Deliveries.list), show: Endpoint(API.Deliveries.show),
        columns: [
            .id, Column(Answer.ticket, "ticket").key, Column(Answer.eventKind, "event"),
            Column(Answer.recipientName, "recipient").key,
            Column(Answer.state, .state).key, Column(Answer.attempts, .number).extra,
            Column(Answer.createdAt, "created", .instant), Column(Answer.sentAt, "sent", .instant).extra,
            Column(Answer.reason).extra, Column(Answer.error),
        ],
        details: [
            Column(Answer.event, "event ID", .number), Column(Answer.recipient, "recipient ID", .number),
            Column(Answer.messageID, "message ID"), Column(Answer.trackingID, "tracking ID"),
        ],
        filters: [
            Field(filter: Filter.ticket, option: "ticket", help: "Only this ticket's."),
            Field(
                filter: Filter.recipient, option: "recipient", .thing(Recipients.resource.reference),
                help: "Only to this recipient."),
            Field(
                filter: Filter.state, .choice(["queued", "sent", "failed", "uncertain", "skipped", "simulated"]),
                help: "Only in this state."),
            Field(filter: Filter.since, .instant(.back), help: "Created at this time or later."),
            Field(filter: Filter.until, .instant(.back), help: "Created before this time."),
        ],
        sample: .init(subject: "1042", list: "--state failed --since 2h"))

    static let more: [any ParsableCommand.Type] = [ShowDelivery.self, RetryDelivery.self, ExplainDelivery.self]
}

import API
import ArgumentParser
import BoundaryText
import HTTPTypes

/// Messages of ticket events to recipients, with what became of them.
enum Deliveries: Noun {
    static let resource = Resource(
        singular: "delivery", plural: "deliveries",
        about: "One message of one ticket event to one recipient, with its state.",
        list: Endpoint(API.Deliveries.list), show: Endpoint(API.Deliveries.show),
        columns: [
            .id, Column("ticket_id", "ticket").key, Column("event_kind", "event"),
            Column("recipient_name", "recipient").key,
            Column("state", .state).key, Column("attempts", .number).extra,
            Column("created_at", "created", .instant), Column("sent_at", "sent", .instant).extra,
            Column("reason").extra, Column("error"),
        ],
        details: [
            Column("event_id", "event id", .number), Column("recipient_id", "recipient id", .number),
            Column("message_id", "message id"), Column("tracking_id", "tracking id"),
        ],
        filters: [
            Field("ticket_id", option: "ticket", help: "Only this ticket's."),
            Field(
                "recipient_id", option: "recipient", .thing(Recipients.resource.reference),
                help: "Only to this recipient."),
            Field(
                "state", .choice(["queued", "sent", "failed", "uncertain", "skipped", "simulated"]),
                help: "Only in this state."),
            Field("since", .instant(.back), help: "Created at this time or later."),
            Field("until", .instant(.back), help: "Created before this time."),
        ],
        sample: .init(subject: "1042", list: "--state failed --since 2h"))

    static let more: [any ParsableCommand.Type] = [ShowDelivery.self, RetryDelivery.self, ExplainDelivery.self]
}

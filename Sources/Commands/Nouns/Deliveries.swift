import BoundaryText

/// Messages of ticket events to recipients, with what became of them.
enum Deliveries: Noun {
    static let resource = Resource(
        singular: "delivery", plural: "deliveries", path: "/api/v1/deliveries",
        about: "One message of one ticket event to one recipient, and what became of it.",
        columns: [
            .id, Column("ticket_id", "ticket"), Column("event_kind", "event"), Column("recipient_name", "recipient"),
            Column("state"), Column("attempts", .number), Column("created_at", "created", .instant),
            Column("sent_at", "sent", .instant), Column("reason"), Column("error"),
        ],
        details: [
            Column("event_id", "event id", .number), Column("recipient_id", "recipient id", .number),
            Column("message_id", "message id"), Column("tracking_id", "tracking id"),
        ],
        filters: [
            Field("ticket_id", option: "ticket", help: "Only this ticket's."),
            Field("recipient_id", option: "recipient", .integer, help: "Only to this recipient, by its id."),
            Field(
                "state", .choice(["queued", "sent", "failed", "uncertain", "skipped", "simulated"]),
                help: "Only in this state."),
            Field("since", .instant(.back), help: "Created at this time or later."),
            Field("until", .instant(.back), help: "Created before this time."),
        ])
}

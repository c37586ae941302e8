import BoundaryText

/// The organization's notification settings. There is one set.
enum Config: Noun {
    typealias Subject = Only

    static let resource = Resource(
        singular: "config", plural: "config", path: "/api/v1/config",
        about: "The organization's notification settings.",
        columns: [
            Column("notifications_enabled", "notifications", .yesNo), Column("require_rule", "require rule", .yesNo),
            Column("max_message_length", "longest message (characters)", .number),
            Column("reference_lifetime_seconds", "reference lifetime (s)", .number),
            Column("silence_alarm_minutes", "silence alarm (min)", .number),
            Column("alarm_recipient_id", "alarms go to", .number), Column("history_days", "history (days)", .number),
        ],
        change: Field.onOff(
            "notifications_enabled", on: "notifications", onHelp: "Send notifications.",
            offHelp: "Send none to anybody.")
            + Field.onOff(
                "require_rule", onHelp: "Tell only about boards that have a rule.",
                offHelp: "Tell a ticket's members without a rule too.")
            + [
                Field("max_message_length", .integer, help: "Longer messages are cut, in characters."),
                Field("reference_lifetime_seconds", .integer, help: "How long a reference is kept, in seconds."),
                Field(
                    "silence_alarm_minutes", .integer,
                    help: "Raise an alarm when ConnectWise has been silent for so many minutes."),
                Field(
                    "alarm_recipient_id", option: "alarm-recipient", .integer,
                    help: "Who is told of alarms, by the recipient's id."),
                Field("history_days", .integer, help: "How many days events and deliveries are kept."),
            ])
}

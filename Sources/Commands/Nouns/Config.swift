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
            Column("member_cache_seconds", "member cache (s)", .number),
            Column("silence_alert_minutes", "silence alert (min)", .number),
            Column("alert_recipient_id", "alerts go to", .number), Column("history_days", "history (days)", .number),
        ],
        change: Field.onOff(
            "notifications_enabled", on: "notifications", onHelp: "Send notifications.",
            offHelp: "Send none to anybody.")
            + Field.onOff(
                "require_rule", onHelp: "Tell only about boards that have a rule.",
                offHelp: "Tell a ticket's members without a rule too.")
            + [
                Field("max_message_length", .integer, help: "Longer messages are cut, in characters."),
                Field("member_cache_seconds", .integer, help: "How long members are cached, in seconds."),
                Field(
                    "silence_alert_minutes", .integer,
                    help: "Alert when ConnectWise has not called for this many minutes."),
                Field(
                    "alert_recipient_id", option: "alert-recipient", .integer,
                    help: "Who is notified about alerts, by the recipient's id."),
                Field("history_days", .integer, help: "How many days events and deliveries are kept."),
            ])
}

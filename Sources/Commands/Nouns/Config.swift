import API
import BoundaryText
import HTTPTypes

/// The organization's notification settings. There is one set.
enum Config: Noun {
    typealias Subject = Only

    static let resource = Resource(
        singular: "config", plural: "config", title: "settings",
        about: "The organization's notification settings.",
        show: Endpoint(API.Config.show), update: Endpoint(API.Config.update),
        columns: [
            Column("notifications_enabled", "notifications", .yesNo), Column("require_rule", "require rule", .yesNo),
            Column("max_message_length", "longest message (characters)", .number),
            Column("member_cache_seconds", "member cache (s)", .number),
            Column("silence_alert_minutes", "silence alert (min)", .number),
            Column("alert_recipient_id", "alerts go to", .number), Column("history_days", "history (days)", .number),
        ],
        change: Field.onOff(
            "notifications_enabled", on: "notifications", onHelp: "Send notifications.",
            offHelp: "Send none.")
            + Field.onOff(
                "require_rule", onHelp: "Notify only about boards that have a rule.",
                offHelp: "Notify a ticket's members also without a rule.")
            + [
                Field("max_message_length", .integer, help: "Longer messages are cut, in characters."),
                Field(
                    "member_cache_seconds", .integer,
                    help: "How long members are cached, in seconds."),
                Field(
                    "silence_alert_minutes", .integer,
                    help: "Raise an alert when ConnectWise has been silent for so many minutes."),
                Field(
                    "alert_recipient_id", option: "alert-recipient", .thing(Recipients.resource.reference),
                    help: "Who is notified of alerts, by the recipient's id or name."),
                Field("alert_recipient_id", option: "no-alert-recipient", .clears, help: "Notify nobody of alerts."),
                Field("history_days", .integer, help: "How many days events and deliveries are kept."),
            ],
        sample: .init(update: "--no-notifications"))
}

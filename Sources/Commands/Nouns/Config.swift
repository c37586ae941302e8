import API
import BoundaryText
import HTTPTypes

/// The organization's notification settings. There is one set.
enum Config: Noun {
    private typealias Answer = API.Config.Answer.CodingKeys
    private typealias Change = API.Config.Change.CodingKeys

    typealias Subject = Only

    static let resource = Resource(
        singular: "config", plural: "config", title: "settings",
        about: "The organization's notification settings.",
        show: Endpoint(API.Config.show), update: Endpoint(API.Config.update),
        columns: [
            Column(Answer.notificationsEnabled, "notifications", .yesNo),
            Column(Answer.requireRule, "require rule", .yesNo),
            Column(Answer.maxMessageLength, "longest message (characters)", .number),
            Column(Answer.memberCacheSeconds, "member cache (s)", .number),
            Column(Answer.silenceAlertMinutes, "silence alert (min)", .number),
            Column(Answer.alertRecipient, "alerts go to", .number),
            Column(Answer.historyDays, "history (days)", .number),
        ],
        change: Field.onOff(
            Change.notificationsEnabled, on: "notifications", onHelp: "Send notifications.",
            offHelp: "Send none.")
            + Field.onOff(
                Change.requireRule, onHelp: "Notify only about boards that have a rule.",
                offHelp: "Notify a ticket's members also without a rule.")
            + [
                Field(Change.maxMessageLength, .integer, help: "Longer messages are cut, in characters."),
                Field(
                    Change.memberCacheSeconds, .integer,
                    help: "How long members are cached, in seconds."),
                Field(
                    Change.silenceAlertMinutes, .integer,
                    help: "Raise an alert when ConnectWise has been silent for so many minutes."),
                Field(
                    Change.alertRecipient, option: "alert-recipient", .thing(Recipients.resource.reference),
                    help: "The recipient of alerts, by ID or name."),
                Field(Change.alertRecipient, option: "no-alert-recipient", .clears, help: "Send alerts to no one."),
                Field(Change.historyDays, .integer, help: "How many days events and deliveries are kept."),
            ],
        sample: .init(update: "--no-notifications"))
}

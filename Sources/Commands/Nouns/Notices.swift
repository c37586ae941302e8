import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// Alerts and test messages on their way.
enum Notices: Noun {
    private typealias Answer = API.Notices.Answer.CodingKeys

    static let resource = Resource(
        singular: "notice", plural: "notices", about: "An alert or test message, with its state.",
        list: Endpoint(API.Notices.list), show: Endpoint(API.Notices.show),
        columns: [
            .id, Column(Answer.kind), Column(Answer.recipientName, "recipient").key, Column(Answer.state, .state).key,
            Column(Answer.error), Column(Answer.sentAt, "sent", .instant),
        ],
        details: [
            Column(Answer.text), Column(Answer.recipient, "recipient ID", .number),
            Column(Answer.messageID, "message ID"), Column(Answer.trackingID, "tracking ID"),
            Column(Answer.createdAt, "created", .instant),
        ],
        sample: .init(subject: "12"))
}

import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// How explanations are shown.
enum Explanations {
    private typealias Answer = API.Explanations.Answer.CodingKeys

    static let layout = Content.Layout(
        columns: [
            Column(Answer.eventKind, "event"), Column(Answer.happenedAt, "happened", .instant),
            Column(Answer.recipientName, "recipient"), Column(Answer.outcome, .state), Column(Answer.reason),
        ], quiet: Member(Answer.outcome))
}

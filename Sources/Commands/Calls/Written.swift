import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// The result of writes, for people.
enum Written {
    private typealias Request = API.Posts.Request.CodingKeys

    static let layout = Content.Layout(
        columns: [
            Column(Request.id, "request", .number), Column(Request.ticket, "ticket", .number),
            Column(Request.state, .state),
            Column(Request.message), Column(Request.link, "link"),
        ], sections: [Section(title: "Posts", member: Request.posts, columns: Posts.short)],
        // A request's own id is of no use: what retries or dismisses takes a post's.
        quietSection: Member(Request.posts))

    static func outcome(_ answer: JSON) -> Outcome {
        var shown = answer.members
        for hidden in [Request.actions, .kind, .requestID] { shown[hidden.stringValue] = nil }
        let warnings = (shown.removeValue(forKey: Request.warnings.stringValue) ?? .null).elements.compactMap(\.string)
        return Outcome(content: .one(.object(shown), layout), answer: answer, notes: warnings)
    }
}

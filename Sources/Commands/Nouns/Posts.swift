import API
import ArgumentParser
import BoundaryText
import HTTPTypes

/// Writes to tickets.
enum Posts: Noun {
    private typealias Answer = API.Posts.Answer.CodingKeys
    private typealias Filter = API.Posts.Filter

    static let short = [
        .id, Column(Answer.kind), Column(Answer.state, .state), Column(Answer.minutes, .number),
        Column(Answer.memberName, "written as"),
        Column(Answer.record, "record"), Column(Answer.error),
    ]

    static let resource = Resource(
        singular: "post", plural: "posts", about: "A note, time entry or status that Patchbay writes to a ticket.",
        list: Endpoint(API.Posts.list), show: Endpoint(API.Posts.show),
        columns: [
            .id, Column(Answer.ticket, "ticket").key, Column(Answer.kind).key, Column(Answer.noteType, "type").extra,
            Column(Answer.state, .state).key, Column(Answer.requestedBy),
            Column(Answer.createdAt, "requested", .instant),
            Column(Answer.attempts, .number).extra, Column(Answer.error),
        ],
        details: [
            Column(Answer.content), Column(Answer.memberName, "written as"), Column(Answer.minutes, .number),
            Column(Answer.record, "record"), Column(Answer.origin),
            Column(Answer.lastAttemptAt, "last attempt", .instant),
            Column(Answer.settledAt, "finished", .instant),
        ],
        filters: [
            Field(filter: Filter.ticket, option: "ticket", help: "Only to this ticket."),
            Field(
                filter: Filter.state, .choice(["queued", "sent", "failed", "skipped", "dismissed"]),
                help: "Only in this state."),
            Field(filter: Filter.kind, .choice(["note", "time", "status"]), help: "Only of this kind."),
            Field(
                filter: Filter.user, option: "user", .thing(Users.resource.reference),
                help: "Only what this user requested."),
            Field(filter: Filter.mine, .sets(true), help: "Only what you requested."),
            Field(filter: Filter.since, .instant(.back), help: "Requested at this time or later."),
            Field(filter: Filter.until, .instant(.back), help: "Requested before this time."),
        ],
        sample: .init(subject: "17", list: "--state failed --mine"))

    static let more: [any ParsableCommand.Type] = [RetryPost.self, DismissPost.self]

    /// The command that retries a post; nil for the address of something else.
    static func retry(_ address: String) -> String? {
        guard let prefix = resource.list.map({ $0().path + "/" }),
            let id = address.dropping(prefix: prefix).flatMap({ Int($0) })
        else { return nil }
        return "patchbay post retry \(id)"
    }
}

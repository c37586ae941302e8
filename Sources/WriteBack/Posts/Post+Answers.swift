import API
import BoundaryText
import Ticketing
import WebSupport

extension API.Posts.Request {
    init(_ standing: Posts.Standing, warnings: [String], link: String?) {
        let (request, posts) = (standing.request, standing.posts)
        let why = (standing.reason ?? "ConnectWise is slower than usual.").asSentence
        func did(_ kind: Post.Kind) -> Bool { posts.contains { $0.kind == kind && $0.state == .sent } }
        self.init(
            id: request.id, kind: request.kind,
            state: standing.isSettled ? (standing.failure?.state ?? .sent) : .queued,
            message: standing.isSettled
                ? posts.map(\.sentence).joined(separator: " ")
                : "Your update is saved and will be sent automatically. \(why)",
            ticket: request.ticket, link: link, requestID: request.key,
            actions: Actions(note: did(.note), time: did(.time), status: did(.status)),
            posts: posts.map { API.Posts.Answer($0, request) }, warnings: warnings)
    }
}

extension Post {
    /// What was done, for people.
    fileprivate var sentence: String {
        switch (state, kind) {
        case (.sent, .note): "Note added."
        case (.sent, .time): minutes == 1 ? "1 minute logged." : "\(minutes ?? 0) minutes logged."
        case (.sent, .status): statusTo.map { "Status updated to \($0.name)." } ?? "Status updated."
        case (.skipped, _), (.failed, _), (.dismissed, _): error ?? ""
        case (.queued, _): "The \(kind.rawValue) is waiting."
        }
    }
}

extension API.Posts.Answer {
    init(_ post: Post, _ asked: PostRequest) {
        self.init(
            id: post.id, request: asked.id, requestKind: asked.kind, ticket: post.ticket, connection: asked.connection,
            kind: post.kind, state: post.state, noteType: post.noteType, content: post.content,
            memberName: post.memberName, minutes: post.minutes, startedAt: post.startedAt, workRole: post.workRole,
            workType: post.workType, billable: post.billable,
            status: post.status.map { Reference(id: $0.rawValue, name: post.statusName ?? "status \($0)") },
            statusFrom: post.statusFrom.map(Reference.init), statusTo: post.statusTo.map(Reference.init),
            record: post.record, error: post.error, errorCode: post.fault,
            errors: post.errorFields.isEmpty ? nil : post.errorFields,
            allowedWorkRoles: post.workRoles.isEmpty
                ? nil : post.workRoles.map { Reference(id: $0.id.rawValue, name: $0.name) },
            attempts: post.attempts, requestedBy: asked.userName, origin: asked.origin, createdAt: post.createdAt,
            lastAttemptAt: post.triedAt, settledAt: post.settledAt)
    }
}

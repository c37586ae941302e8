import BoundaryText
import Foundation
import Ids
import Ticketing
import WebSupport

struct PostRequestAnswer: Codable, Sendable {
    struct Actions: Codable, Sendable {
        enum CodingKeys: String, CodingKey {
            case note = "note_added"
            case time = "time_added"
            case status = "status_updated"
        }

        let note: Bool
        let time: Bool
        let status: Bool

        init(_ posts: [Post]) {
            func did(_ kind: Post.Kind) -> Bool { posts.contains { $0.kind == kind && $0.state == .sent } }
            (note, time, status) = (did(.note), did(.time), did(.status))
        }
    }

    enum CodingKeys: String, CodingKey {
        case id, kind, state, message, actions, posts, warnings
        case ticket = "ticket_id"
        case link = "ticket_link"
        case requestID = "request_id"
    }

    let id: PostRequest.ID
    let kind: PostRequest.Kind
    let state: Post.State
    let message: String
    let ticket: Ticket.ID
    let link: String?
    let requestID: String
    let actions: Actions
    let posts: [PostAnswer]
    let warnings: [String]

    init(_ standing: Posts.Standing, warnings: [String], link: String?) {
        id = standing.request.id
        kind = standing.request.kind
        state = standing.isSettled ? (standing.failure?.state ?? .sent) : .queued
        if standing.isSettled {
            message = standing.posts.map(\.sentence).joined(separator: " ")
        } else {
            let why = standing.reason ?? "The ticketing system takes longer than usual."
            message = "It is stored and goes on by itself. \(why.asSentence)"
        }
        ticket = standing.request.ticket
        self.link = link
        requestID = standing.request.key
        actions = Actions(standing.posts)
        posts = standing.posts.map { PostAnswer($0, standing.request) }
        self.warnings = warnings
    }
}

extension Post {
    /// What became of it, for people.
    fileprivate var sentence: String {
        switch (state, kind) {
        case (.sent, .note): "The note was written."
        case (.sent, .time): "\(minutes ?? 0) minutes were logged."
        case (.sent, .status): "The ticket is \(statusTo?.name ?? "in the status") now."
        case (.skipped, _), (.failed, _), (.dismissed, _): error ?? ""
        case (.queued, _): "The \(kind.rawValue) waits."
        }
    }
}

struct PostAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, kind, state, content, member, minutes, status, billable, error, errors, attempts, origin, by
        case request = "post_request_id"
        case requestKind = "request_kind"
        case ticket = "ticket_id"
        case connection = "connection_id"
        case noteType = "note_type"
        case startedAt = "started_at"
        case workRole = "work_role_id"
        case workType = "work_type_id"
        case statusFrom = "status_from"
        case statusTo = "status_to"
        case record = "record_id"
        case errorCode = "error_code"
        case workRoles = "work_roles"
        case createdAt = "created_at"
        case triedAt = "tried_at"
        case settledAt = "settled_at"
    }

    let id: Post.ID
    let request: PostRequest.ID
    let requestKind: PostRequest.Kind
    let ticket: Ticket.ID
    let connection: PSAConnection.ID?
    let kind: Post.Kind
    let state: Post.State
    let noteType: NoteType?
    let content: String?
    let member: String?
    let minutes: Int?
    let startedAt: Date?
    let workRole: WorkRole.ID?
    let workType: WorkType.ID?
    let billable: BillableOption?
    let status: ReferenceAnswer?
    let statusFrom: ReferenceAnswer?
    let statusTo: ReferenceAnswer?
    let record: String?
    let error: String?
    let errorCode: Post.Fault?
    let errors: [String: String]?
    let workRoles: [ReferenceAnswer]?
    let attempts: Int
    let by: String
    let origin: String
    let createdAt: Date
    let triedAt: Date?
    let settledAt: Date?

    init(_ post: Post, _ asked: PostRequest) {
        id = post.id
        request = asked.id
        requestKind = asked.kind
        ticket = post.ticket
        connection = asked.connection
        kind = post.kind
        state = post.state
        noteType = post.noteType
        content = post.content
        member = post.memberName
        minutes = post.minutes
        startedAt = post.startedAt
        workRole = post.workRole
        workType = post.workType
        billable = post.billable
        status = post.status.map { ReferenceAnswer(id: $0.rawValue, name: post.statusName ?? "status \($0)") }
        statusFrom = post.statusFrom.map(ReferenceAnswer.init)
        statusTo = post.statusTo.map(ReferenceAnswer.init)
        record = post.record
        error = post.error
        errorCode = post.fault
        errors = post.errorFields.isEmpty ? nil : post.errorFields
        workRoles = post.workRoles.isEmpty ? nil : post.workRoles.map { .init(id: $0.id.rawValue, name: $0.name) }
        attempts = post.attempts
        by = asked.userName
        origin = asked.origin
        createdAt = post.createdAt
        triedAt = post.triedAt
        settledAt = post.settledAt
    }
}

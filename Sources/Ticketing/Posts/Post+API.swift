import Accounts
import Database
import Foundation
import Hummingbird
import WebSupport

/// The operations that write to tickets.
/// - Parameter prefix: `/integrations/psa`, or that of a tenant.
func ticketWritingRoutes(
    _ desk: TicketDesk, _ posts: Posts, limits: TicketLimits, under prefix: String,
    now: @escaping @Sendable () -> Date
) -> [Route] {
    let path = prefix + "/tickets/{id}"
    @Sendable func write<Body: PostBody>(_ type: Body.Type) -> @Sendable (SignedInRequest) async throws -> Response {
        { request in
            let instant = now()
            let live = try await desk.live(for: request)
            let ticket = try desk.number(of: request, on: live)
            let body = try await request.body(type)
            let draft = try body.draft(
                settings: live.connection.settings, longestNote: live.provider.longestNote, now: instant)
            try PostDraft.Checks.keys(of: draft, live.provider)
            let place = Posts.Place(
                live: live, tenant: request.tenant?.id, companies: desk.companies(for: request, on: live),
                ticket: ticket)
            let id = try await posts.ask(
                for: draft, at: place, by: request, key: try key(of: request, body.requestID),
                body: try JSONEncoder.sorted.encode(body))
            let standing = try await posts.wait(for: id, since: instant)
            return try respond(standing, draft.warnings, link: live.provider.link(to: ticket))
        }
    }
    func route<Body: PostBody>(
        _ method: HTTPRequest.Method, _ name: String, _ summary: String, _ body: Body.Type
    ) -> Route {
        Route(
            method, path + name, .engineer, summary, takes: body, gives: .doneOrAccepted(PostRequestAnswer.self),
            flag: .connectWise, reach: .tenants, limit: limits.post,
            knowsRepetitions: { try await posts.isRepetition($0) }, handle: write(body))
    }
    return [
        route(.post, "/notes", "Writes a note to the ticket", NoteBody.self),
        route(.post, "/time", "Logs time on the ticket", TimeBody.self),
        route(.patch, "/status", "Moves the ticket to another status of its board", StatusBody.self),
        route(
            .post, "/log-change",
            "Logs a change: a note, then time, then, if wanted, the status; each once, whatever happens in between",
            ChangeBody.self),
    ]
}

/// The operations on what was written.
func postRoutes(
    _ desk: TicketDesk, _ posts: Posts, limits: TicketLimits, now: @escaping @Sendable () -> Date
) -> [Route] {
    let path = "/integrations/psa/posts"
    return [
        Route(
            .get, path, .engineer,
            "Lists what was written to tickets or waits to be, newest first; an administrator's list has everybody's",
            query: [
                QueryParameter("ticket_id", .text, "only to this ticket"),
                QueryParameter("state", .oneOf(Post.State.allCases.map(\.rawValue)), "only in this state"),
                QueryParameter("kind", .oneOf(Post.Kind.allCases.map(\.rawValue)), "only of this kind"),
                QueryParameter("mine", .flag, "only the caller's own"),
            ], gives: .page(PostAnswer.self), reach: .tenants
        ) { request in
            var filter = PostStore.Filter()
            filter.ticket = request.query("ticket_id").map { .init($0) }
            filter.state = try request.query("state", "queued, sent, failed or skipped") { Post.State(rawValue: $0) }
            filter.kind = try request.query("kind", "note, time or status") { Post.Kind(rawValue: $0) }
            let isOwn = try request.query("mine", "true or false") { Bool($0) } ?? false
            if isOwn || !seesAll(request) { filter.user = request.principal.user }
            let page = try await posts.list(of: request.principal.organization, filter, page: request.page())
            return .json(page.map { PostAnswer($0.post, $0.request) })
        },
        Route(
            .get, path + "/{id}", .engineer, "Shows one write to a ticket", gives: .one(PostAnswer.self),
            reach: .tenants
        ) { request in
            let (post, asked) = try await find(request, posts)
            return .json(PostAnswer(post, asked))
        },
        Route(
            .post, path + "/{id}/retry", .engineer,
            "Tries again what failed of the request that the write belongs to, or what waits at once; what was done is not done again",
            takes: RetryBody.self, gives: .doneOrAccepted(PostRequestAnswer.self), flag: .connectWise, reach: .tenants,
            limit: limits.post
        ) { request in
            let (post, asked) = try await find(request, posts)
            let instant = now()
            let body = try await request.body(RetryBody.self)
            guard let connection = asked.connection, let live = try await desk.connections.live(connection) else {
                throw Problem.conflict(
                    code: "connection_removed",
                    "The connection that this was meant for was removed. Write it anew.")
            }
            var checks = PostDraft.Checks()
            checks.key(body.workRole?.rawValue, "work_role_id", live.provider)
            checks.key(body.workType?.rawValue, "work_type_id", live.provider)
            try checks.finish()
            try await posts.retry(
                post, of: asked, with: .init(workRole: body.workRole, workType: body.workType),
                on: live.connection, for: desk.companies(for: request, on: live), by: request)
            return try respond(try await posts.wait(for: asked.id, since: instant), [], link: nil)
        },
    ]
}

/// Engineers see their own writes; what others wrote is for administrators.
private func seesAll(_ request: SignedInRequest) -> Bool { request.principal.role >= .admin }

private func find(
    _ request: SignedInRequest, _ posts: Posts
) async throws -> (post: Post, request: PostRequest) {
    let id: Post.ID = try request.id(of: "post")
    guard let found = try await posts.find(id, of: request.principal.organization),
        seesAll(request) || found.request.user == request.principal.user
    else { throw Problem.notFound("post") }
    return found
}

/// What names the request, so that its repetition is recognized.
private func key(of request: SignedInRequest, _ inBody: String?) throws(Problem) -> String {
    if let header = request.repetitionKey, let inBody, header != inBody {
        throw .badRequest(
            "request_id and Idempotency-Key name two requests; send one of them.",
            errors: [.init(field: "request_id", code: "wrong_value", message: "is not the Idempotency-Key")])
    }
    let key = request.repetitionKey ?? inBody ?? UUID().uuidString.lowercased()
    guard (1...200).contains(key.utf8.count) else {
        throw .badRequest(
            "request_id must have 1 to 200 characters.",
            errors: [.init(field: "request_id", code: "length", message: "must have 1 to 200 characters")])
    }
    return key
}

/// What somebody is told: done, goes on by itself, or refused and why.
private func respond(_ standing: Posts.Standing, _ warnings: [String], link: String?) throws -> Response {
    if standing.isSettled, let failure = standing.failure {
        throw PostRefusal.problem(failure, of: standing)
    }
    let answer = PostRequestAnswer(standing, warnings: warnings, link: link)
    return .json(answer, status: standing.isSettled ? .ok : .accepted)
}

/// Says what was refused, and what was done all the same.
enum PostRefusal {
    static func problem(_ failure: Post, of standing: Posts.Standing) -> Problem {
        let done = standing.posts.filter { $0.state == .sent }.map { "The \($0.kind.rawValue) was written." }
        let rest =
            standing.posts.contains { $0.fault == .notTried }
            ? ["What comes after it was not tried; a retry does only what is missing."] : []
        let detail = (done + ["The \(failure.kind.rawValue) was not: \(failure.error ?? "unknown")"] + rest)
            .joined(separator: " ")
        let (status, code, title): (HTTPResponse.Status, String, String) =
            switch failure.fault {
            case .noTicket: (.notFound, "ticket_not_found", "There is no such ticket")
            case .statusChanged: (.conflict, "status_changed", "The ticket's status changed meanwhile")
            case .moved: (.conflict, "connection_moved", "The connection leads elsewhere now")
            case .noConnection: (.conflict, "connection_removed", "The connection was removed")
            case .permission: (.unprocessableContent, "psa_permission", "The API member lacks a right")
            case .noStatus: (.unprocessableContent, "status_not_on_board", "The board has no such status")
            case .unchanged: (.unprocessableContent, "unchanged", "The ticketing system changed nothing")
            case .gaveUp: (.unprocessableContent, "gave_up", "Given up after a day")
            case .rejected, .notTried, .unavailable, nil:
                (.unprocessableContent, "psa_rejected", "The ticketing system does not accept it")
            }
        var problem = Problem(
            status, code: code, title: title, detail: detail,
            errors: failure.errorFields.sorted { $0.key < $1.key }.map {
                .init(field: $0.key, code: "rejected", message: $0.value)
            })
        problem.instance = "/api/v1/integrations/psa/posts/\(failure.id)"
        return problem
    }
}

extension JSONEncoder {
    /// Equal values give equal bytes.
    fileprivate static var sorted: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return encoder
    }
}

// MARK: Bodies

/// A body that asks for writes.
private protocol PostBody: JSONBody, Encodable {
    var requestID: String? { get }
    func draft(settings: PSASettings, longestNote: Int, now: Date) throws(Problem) -> PostDraft
}

private struct NoteBody: PostBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case text
        case noteType = "note_type"
        case requestID = "request_id"
    }

    let text: String
    let noteType: NoteType?
    let requestID: String?

    func draft(settings: PSASettings, longestNote: Int, now: Date) throws(Problem) -> PostDraft {
        var checks = PostDraft.Checks()
        let text = checks.text(text, "text", longest: longestNote)
        try checks.finish()
        return PostDraft(.note, [.note(text: text, type: noteType ?? settings.noteType)])
    }
}

private struct TimeBody: PostBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case minutes, billable, text
        case startedAt = "started_at"
        case workRole = "work_role_id"
        case workType = "work_type_id"
        case requestID = "request_id"
    }

    let minutes: Int?
    let startedAt: Date?
    let workRole: WorkRole.ID?
    let workType: WorkType.ID?
    let billable: BillableOption?
    let text: String?
    let requestID: String?

    func draft(settings: PSASettings, longestNote: Int, now: Date) throws(Problem) -> PostDraft {
        var checks = PostDraft.Checks()
        let note = (text?.isEmpty ?? true) ? nil : checks.text(text, "text", longest: longestNote)
        let part = try TimePart(
            minutes: minutes, startedAt: startedAt, workRole: workRole, workType: workType, billable: billable,
            text: note
        ).part(settings, &checks, now)
        try checks.finish()
        return PostDraft(.time, [part])
    }
}

/// Time with what the settings say where the request says nothing.
private struct TimePart {
    let minutes: Int?
    var startedAt: Date?
    let workRole: WorkRole.ID?
    let workType: WorkType.ID?
    let billable: BillableOption?
    let text: String?

    func part(
        _ settings: PSASettings, _ checks: inout PostDraft.Checks, _ now: Date
    ) throws(Problem) -> PostDraft.Part {
        let minutes = minutes ?? settings.minutes
        checks.minutes(minutes)
        // Whole seconds: ConnectWise refuses others.
        let end = Date(timeIntervalSince1970: now.timeIntervalSince1970.rounded(.down))
        let start = startedAt.map { Date(timeIntervalSince1970: $0.timeIntervalSince1970.rounded(.down)) }
        checks.require(
            start.map { $0 <= end } ?? true, "started_at", "out_of_range", "must not lie in the future.")
        return .time(
            minutes: minutes, startedAt: start ?? end.addingTimeInterval(-60 * Double(minutes)),
            workRole: workRole ?? settings.workRole.map { .init($0.id) },
            workType: workType ?? settings.workType.map { .init($0.id) }, billable: billable, text: text)
    }
}

private struct StatusBody: PostBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case status = "status_id"
        case expectedStatus = "expected_status_id"
        case requestID = "request_id"
    }

    let status: Board.Status.ID
    let expectedStatus: Board.Status.ID?
    let requestID: String?

    func draft(settings: PSASettings, longestNote: Int, now: Date) throws(Problem) -> PostDraft {
        PostDraft(.status, [.status(status)], expectedStatus: expectedStatus)
    }
}

private struct ChangeBody: PostBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case text, minutes, billable
        case noteType = "note_type"
        case startedAt = "started_at"
        case workRole = "work_role_id"
        case workType = "work_type_id"
        case timeCarriesText = "text_in_time"
        case movesStatus = "update_status"
        case status = "status_id"
        case expectedStatus = "expected_status_id"
        case requestID = "request_id"
    }

    let text: String
    let noteType: NoteType?
    let minutes: Int?
    let startedAt: Date?
    let workRole: WorkRole.ID?
    let workType: WorkType.ID?
    let billable: BillableOption?
    let timeCarriesText: Bool?
    let movesStatus: Bool?
    let status: Board.Status.ID?
    let expectedStatus: Board.Status.ID?
    let requestID: String?

    func draft(settings: PSASettings, longestNote: Int, now: Date) throws(Problem) -> PostDraft {
        var checks = PostDraft.Checks()
        let text = checks.text(text, "text", longest: longestNote)
        var parts: [PostDraft.Part] = [.note(text: text, type: noteType ?? settings.noteType)]
        // No time at all is said by 0; nothing said is the connection's default.
        if minutes != 0 {
            parts.append(
                try TimePart(
                    minutes: minutes, startedAt: startedAt, workRole: workRole, workType: workType, billable: billable,
                    text: timeCarriesText == true ? text : nil
                ).part(settings, &checks, now))
        }
        if movesStatus ?? (status != nil || settings.movesStatus) { parts.append(.status(status)) }
        try checks.finish()
        return PostDraft(.change, parts, expectedStatus: expectedStatus)
    }
}

private struct RetryBody: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case workRole = "work_role_id"
        case workType = "work_type_id"
    }

    let workRole: WorkRole.ID?
    let workType: WorkType.ID?
}

// MARK: Answers

private struct PostRequestAnswer: Codable, Sendable {
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
        state = standing.isSettled ? (standing.failure == nil ? .sent : .failed) : .queued
        if standing.isSettled {
            message = standing.posts.map(\.sentence).joined(separator: " ")
        } else {
            let why = standing.posts.first { $0.state == .queued }?.error
            message = "It is stored and goes on by itself. \(why ?? "The ticketing system takes longer than usual.")"
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
        case (.skipped, _), (.failed, _): error ?? ""
        case (.queued, _): "The \(kind.rawValue) waits."
        }
    }
}

struct PostAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, kind, state, content, member, minutes, billable, error, errors, attempts, origin, by
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

import API
import Accounts
import BoundaryText
import Database
import Foundation
import Hummingbird
import Ticketing
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
            let body = try await request.body(type)
            // It is the same request, wherever its name stands.
            var nameless = body
            nameless.requestID = nil
            let name = Posts.Name(
                try key(of: request, body.requestID), Body.kind, request.tenant?.id, try request.id(of: "ticket"),
                body: try JSONEncoder.sorted.encode(nameless))
            // Whatever became of the connection since: what was asked for then stands.
            if let id = try await posts.earlier(name, by: request.principal) {
                let link = try? await desk.live(for: request).provider.link(to: request.id(of: "ticket"))
                return try respond(try await posts.wait(for: id, since: instant), [], link: link)
            }
            let live = try await desk.live(for: request)
            let ticket = try desk.number(of: request, on: live)
            let draft = try body.draft(
                settings: live.connection.settings, longestNote: live.provider.longestNote, now: instant)
            try PostDraft.Checks.keys(of: draft, live.provider)
            let place = Posts.Place(
                live: live, tenant: request.tenant?.id, companies: desk.companies(for: request, on: live),
                ticket: ticket)
            let id = try await posts.ask(
                for: draft, at: place, replacing: body.replaces, by: request.principal, request.actor, named: name)
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
                QueryParameter("user_id", .integer, "only what this person asked for"),
                QueryParameter("mine", .flag, "only the caller's own"),
                QueryParameter("since", .instant, "not asked for before this instant"),
                QueryParameter("until", .instant, "asked for before this instant"),
            ], gives: .page(PostAnswer.self), reach: .tenants
        ) { request in
            var filter = PostStore.Filter()
            filter.ticket = SearchText.plain(request.query("ticket_id")).map { .init($0) }
            filter.state = try request.query("state", Post.State.allCases.map(\.rawValue).joined(separator: ", ")) {
                Post.State(rawValue: $0)
            }
            filter.kind = try request.query("kind", "note, time or status") { Post.Kind(rawValue: $0) }
            filter.user = try request.query("user_id", "a user's id") { User.ID($0) }
            filter.since = try request.instant("since")
            filter.until = try request.instant("until")
            let isOwn = try request.query("mine", "true or false") { Bool($0) } ?? false
            if isOwn || !seesAll(request) { filter.viewer = request.principal.user }
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
            let (_, asked) = try await find(request, posts)
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
            checks.key(body.status?.rawValue, "status_id", live.provider)
            try checks.finish()
            try await posts.retry(
                asked, with: .init(workRole: body.workRole, workType: body.workType, status: body.status),
                on: live.connection, for: desk.companies(for: request, on: live), by: request)
            return try respond(try await posts.wait(for: asked.id, since: instant), [], link: nil)
        },
        Route(
            .post, path + "/{id}/dismiss", .engineer,
            "Leaves at that what failed, and withdraws what waits, of the request that the write belongs to; it can be tried again all the same",
            gives: .one(PostAnswer.self), reach: .tenants
        ) { request in
            let (_, asked) = try await find(request, posts)
            try await posts.dismiss(asked, by: request)
            let (after, _) = try await find(request, posts)
            return .json(PostAnswer(after, asked))
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
        let name = request.repetitionKey == nil ? "request_id" : "Idempotency-Key"
        throw .badRequest(
            "\(name) must have 1 to 200 characters.",
            errors: [.init(field: name, code: "length", message: "must have 1 to 200 characters")])
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
            ? ["What belongs to it was not tried; a retry does only what is missing."] : []
        let detail =
            (done + ["The \(failure.kind.rawValue) was not written: \((failure.error ?? "unknown").asSentence)"] + rest)
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
            case .withdrawn, .replaced: (.conflict, "withdrawn", "It was withdrawn")
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
    static var sorted: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return encoder
    }
}

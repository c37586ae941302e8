import API
import Accounts
import BoundaryText
import Database
import Foundation
import Hummingbird
import Ticketing
import WebSupport

/// The operations that write to tickets.
func ticketWritingRoutes(
    _ access: TicketAccess, _ posts: Posts, limits: TicketLimits, now: @escaping @Sendable () -> Date
) -> [Route] {
    func routes<Body: PostBody>(
        _ operation: PSAOperation<Tickets.ID, NoQuery, Body, API.Posts.Request>
    ) -> [Route] {
        operation.routes(
            of: "ticket", isFlagged: true, limit: limits.post,
            handlesIdempotency: { try await posts.isRepeated($0) },
            respond: { request in
                let instant = now()
                let body = try await request.body()
                // The same request, wherever its key is given.
                var nameless = body
                nameless.requestID = nil
                let name = Posts.Name(
                    try key(of: request.signedIn, body.requestID), Body.kind, request.tenant?.id, request.place,
                    body: try JSONEncoder.sorted.encode(nameless))
                // Whatever happened to the connection since: the original request counts.
                if let id = try await posts.earlier(name, by: request.principal) {
                    let link = try? await access.live(for: request.signedIn).provider.link(to: request.place)
                    return try respond(try await posts.wait(for: id, since: instant), [], link: link)
                }
                let live = try await access.live(for: request.signedIn)
                let ticket = try access.number(of: request.signedIn, on: live)
                let draft = try body.draft(
                    settings: live.connection.settings, longestNote: live.provider.longestNote, now: instant)
                try PostDraft.Checks.keys(of: draft, live.provider)
                let place = Posts.Place(
                    live: live, tenant: request.tenant?.id,
                    companies: access.companies(for: request.signedIn, on: live),
                    ticket: ticket)
                let id = try await posts.ask(
                    for: draft, at: place, replacing: body.replaces, by: request.principal, request.actor, named: name)
                let standing = try await posts.wait(for: id, since: instant)
                return try respond(standing, draft.warnings, link: live.provider.link(to: ticket))
            })
    }
    return routes(Tickets.addNote) + routes(Tickets.logTime) + routes(Tickets.updateStatus) + routes(Tickets.logChange)
}

/// The operations on posts.
func postRoutes(
    _ access: TicketAccess, _ posts: Posts, limits: TicketLimits, now: @escaping @Sendable () -> Date
) -> [Route] {
    [
        Route(API.Posts.list, reach: .tenants) { request in
            var filter = PostStore.Filter()
            filter.ticket = SearchText.plain(request.query(.ticket)).map { .init($0) }
            filter.state = try request.query(.state, Post.State.allCases.map(\.rawValue).joined(separator: ", ")) {
                Post.State(rawValue: $0)
            }
            filter.kind = try request.query(.kind, "note, time or status") { Post.Kind(rawValue: $0) }
            filter.user = try request.query(.user, "a user's id") { User.ID($0) }
            filter.since = try request.instant(.since)
            filter.until = try request.instant(.until)
            let isOwn = try request.flag(.mine) ?? false
            if isOwn || !seesAll(request.principal) { filter.viewer = request.principal.user }
            return try await posts.list(of: request.principal.organization, filter, page: request.page()).map {
                API.Posts.Answer($0.post, $0.request)
            }
        },
        Route(API.Posts.show, of: "post", reach: .tenants) { request in
            let (post, asked) = try await find(request.place, for: request.principal, posts)
            return API.Posts.Answer(post, asked)
        },
        Route(
            API.Posts.retry, of: "post", flag: .connectWise, reach: .tenants, limit: limits.post,
            respond: { request in
                let (_, asked) = try await find(request.place, for: request.principal, posts)
                let instant = now()
                let body = try await request.body()
                guard let connection = asked.connection, let live = try await access.connections.live(connection) else {
                    throw Problem.conflict(
                        code: "connection_removed",
                        "The connection for this post was deleted. Write a new update instead.")
                }
                var checks = PostDraft.Checks()
                checks.key(body.workRole?.rawValue, "work_role_id", live.provider)
                checks.key(body.workType?.rawValue, "work_type_id", live.provider)
                checks.key(body.status?.rawValue, "status_id", live.provider)
                try checks.finish()
                try await posts.retry(
                    asked, with: .init(workRole: body.workRole, workType: body.workType, status: body.status),
                    on: live.connection, for: access.companies(for: request.signedIn, on: live), by: request.signedIn)
                return try respond(try await posts.wait(for: asked.id, since: instant), [], link: nil)
            }),
        Route(API.Posts.dismiss, of: "post", reach: .tenants) { request in
            let (_, asked) = try await find(request.place, for: request.principal, posts)
            try await posts.dismiss(asked, by: request.signedIn)
            let (after, _) = try await find(request.place, for: request.principal, posts)
            return API.Posts.Answer(after, asked)
        },
    ]
}

/// Engineers see their own posts; those of others are for administrators.
private func seesAll(_ principal: Principal) -> Bool { principal.role >= .admin }

private func find(
    _ id: Post.ID, for principal: Principal, _ posts: Posts
) async throws -> (post: Post, request: PostRequest) {
    guard let found = try await posts.find(id, of: principal.organization),
        seesAll(principal) || found.request.user == principal.user
    else { throw Problem.notFound("post") }
    return found
}

/// What names the request, so that its repetition is recognized.
private func key(of request: SignedInRequest, _ inBody: String?) throws(Problem) -> String {
    if let header = request.idempotencyKey, let inBody, header != inBody {
        throw .badRequest(
            "request_id and Idempotency-Key differ. Send only one of them.",
            errors: [.init(field: "request_id", code: "wrong_value", message: "is not the Idempotency-Key")])
    }
    let key = request.idempotencyKey ?? inBody ?? UUID().uuidString.lowercased()
    guard (1...200).contains(key.utf8.count) else {
        let name = request.idempotencyKey == nil ? "request_id" : "Idempotency-Key"
        throw .badRequest(
            "\(name) must have 1 to 200 characters.",
            errors: [.init(field: name, code: "length", message: "must have 1 to 200 characters")])
    }
    return key
}

/// The answer: done, waiting, or refused and why.
private func respond(_ standing: Posts.Standing, _ warnings: [String], link: String?) throws -> Response {
    if standing.isSettled, let failure = standing.failure {
        throw PostRefusal.problem(failure, of: standing)
    }
    let answer = API.Posts.Request(standing, warnings: warnings, link: link)
    return .json(answer, status: standing.isSettled ? .ok : .accepted)
}

/// Says what was refused, and what was done all the same.
enum PostRefusal {
    static func problem(_ failure: Post, of standing: Posts.Standing) -> Problem {
        let done = standing.posts.filter { $0.state == .sent }.map { "The \($0.kind.rawValue) was \($0.kind.done)." }
        let rest =
            standing.posts.contains { $0.fault == .notTried }
            ? ["The rest was not attempted. A retry does only what is missing."] : []
        let detail =
            (done + [
                "The \(failure.kind.rawValue) was not \(failure.kind.done): \((failure.error ?? "unknown").asSentence)"
            ] + rest)
            .joined(separator: " ")
        let (status, code, title): (HTTPResponse.Status, String, String) =
            switch failure.fault {
            case .noTicket: (.notFound, "ticket_not_found", "Ticket not found")
            case .statusChanged: (.conflict, "status_changed", "The ticket's status has changed")
            case .moved: (.conflict, "connection_moved", "The connection leads to another server")
            case .noConnection: (.conflict, "connection_removed", "The connection was deleted")
            case .permission: (.unprocessableContent, "psa_permission", "The API member lacks a right")
            case .noStatus: (.unprocessableContent, "status_not_on_board", "The board has no such status")
            case .unchanged: (.unprocessableContent, "unchanged", "ConnectWise changed nothing")
            case .gaveUp: (.unprocessableContent, "gave_up", "Gave up after 24 hours")
            case .withdrawn, .replaced: (.conflict, "withdrawn", "The post was cancelled")
            case .rejected, .notTried, .unavailable, nil:
                (.unprocessableContent, "psa_rejected", "ConnectWise rejected it")
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

extension Post.Kind {
    /// What happens to it, as a sentence has it.
    fileprivate var done: String {
        switch self {
        case .note: "added"
        case .time: "logged"
        case .status: "updated"
        }
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

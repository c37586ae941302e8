import API
import Accounts
import BoundaryText
import Crypto
import Database
import Foundation
import HTTPTypes
import Jobs
import Ticketing
import WebSupport

/// How long people and posts wait.
public struct PostTiming: Sendable {
    /// How attempts to write are spread over a day.
    public var schedule = RetrySchedule.write
    /// How long a request waits for the ticketing system before it is answered while the work continues.
    public var patience: Duration = .seconds(8)

    /// The usual times.
    public init() {}
}

/// Asking for writes to tickets, waiting for them, and trying them again.
public struct Posts: Sendable {
    private let database: Database
    private let queue: JobQueue
    private let patience: Duration
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - patience: see ``PostTiming``.
    ///   - now: the wall clock.
    public init(
        database: Database, queue: JobQueue, patience: Duration = PostTiming().patience,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.database = database
        self.queue = queue
        self.patience = patience
        self.now = now
    }

    /// The progress of a request.
    struct Standing: Sendable {
        let request: PostRequest
        let posts: [Post]
        /// Why it waits, if known.
        var reason: String?

        /// Whether nothing is left to be done without a person.
        var isSettled: Bool { posts.allSatisfy { $0.state != .queued } }
        /// Whether a try failed that began after this instant, so that the next one is some time away.
        func wasDelayed(since instant: Date) -> Bool {
            posts.contains {
                $0.state == .queued && $0.fault == .unavailable && ($0.triedAt ?? .distantPast) >= instant
            }
        }
        /// The write that failed; what was not tried after it is no news.
        var failure: Post? {
            let unwritten = posts.filter { Post.State.unwritten.contains($0.state) }
            return unwritten.first { $0.fault != .notTried } ?? unwritten.first
        }
    }

    /// The target of a write.
    struct Place: Sendable {
        let live: LiveConnection
        let tenant: Tenant.ID?
        /// The companies whose tickets the one who asks may see; nil for all.
        let companies: [Company.ID]?
        let ticket: Ticket.ID
    }

    /// What a repetition of a request is known by, and what shows that it is one.
    struct Name: Sendable {
        let key: String
        let fingerprint: [UInt8]

        /// - Parameter body: the same bytes for the same request.
        init(_ key: String, _ kind: PostRequest.Kind, _ tenant: Tenant.ID?, _ ticket: Ticket.ID, body: Data) {
            self.key = key
            fingerprint = Array(
                SHA256.hash(data: Data("\(kind.rawValue) \(tenant?.description ?? "-") \(ticket)\n".utf8) + body))
        }
    }

    /// What was asked for under the same name before; nil when nothing was.
    /// - Throws: 409 when the name is another request's.
    func earlier(_ name: Name, by principal: Principal) async throws -> PostRequest.ID? {
        try await database.read { db in
            try PostStore.find(
                key: name.key, of: principal.organization, principal.user, fingerprint: name.fingerprint, in: db)
        }
    }

    /// Stores what a user wants written, in one transaction with the job that writes it and the audit entry.
    /// - Parameters:
    ///   - replaced: the failed post that it replaces.
    ///   - actor: the same user, for the audit log.
    func ask(
        for draft: PostDraft, at place: Place, replacing replaced: Post.ID?, by principal: Principal, _ actor: Actor,
        named name: Name
    ) async throws -> PostRequest.ID {
        let instant = now()
        let connection = place.live.connection
        let frame = PostStore.Frame(
            organization: principal.organization, connection: connection.id, tenant: place.tenant,
            companies: place.companies, scope: place.tenant == nil ? nil : place.companies, ticket: place.ticket,
            key: name.key, fingerprint: name.fingerprint,
            origin: Self.origin(principal), user: principal.user)
        let (queue, longest) = (queue, place.live.provider.longestNote)
        return try await database.write { db in
            let author = try MemberMappings.author(
                principal.user, name: principal.name, email: principal.email, connection, in: db)
            try Self.check(draft, by: author, longest: longest)
            let (id, isNew) = try PostStore.insert(draft, frame, by: author, now: instant, in: db)
            guard isNew else { return id }
            if let replaced {
                try PostStore.replace(
                    replaced, on: place.ticket, of: principal.organization,
                    owner: principal.role >= .admin ? nil : principal.user, in: db)
            }
            try queue.enqueue(
                [try Poster.job(id, to: place.ticket, of: connection.id, now: instant)], now: instant, in: db)
            try AuditLog.record(
                "ticket.\(draft.kind.rawValue)", on: "ticket \(place.ticket)", by: actor, of: principal.organization,
                after: Record(id, draft, connection), now: instant, in: db)
            return id
        }
    }

    /// With the line that names the author it may be too long.
    private static func check(_ draft: PostDraft, by author: PostDraft.Author, longest: Int) throws(Problem) {
        var checks = PostDraft.Checks()
        for case .note(let text, _) in draft.parts {
            _ = checks.text(author.signed(text), "text", longest: longest)
        }
        try checks.finish()
    }

    /// The audit log says that something was asked for; the post log says what exactly.
    private struct Record: Encodable {
        let post_request: PostRequest.ID
        let connection: PSAConnection.ID
        let writes: [String]

        init(_ id: PostRequest.ID, _ draft: PostDraft, _ connection: PSAConnection) {
            post_request = id
            self.connection = connection.id
            writes = draft.parts.map { part in
                switch part {
                case .note(let text, let type): "\(type.rawValue) of \(text.unicodeScalars.count) characters"
                case .time(let minutes, _, _, _, _, _): "\(minutes) minutes"
                case .status(let status): "status \(status?.rawValue ?? "of the settings")"
                }
            }
        }
    }

    /// How something is to be written, without the text, which the post log has.
    private struct Written: Encodable {
        let post: Post.ID
        let state: Post.State
        let member_id: Member.ID?
        let work_role_id: WorkRole.ID?
        let work_type_id: WorkType.ID?
        let status_id: Board.Status.ID?

        init(_ post: Post) {
            self.post = post.id
            state = post.state
            member_id = post.member
            work_role_id = post.workRole
            work_type_id = post.workType
            status_id = post.status
        }
    }

    private static func origin(_ principal: Principal) -> String {
        switch principal.means {
        case .signIn: "console"
        case .key(let id, _): "key \(id)"
        case .work(let name): name
        }
    }

    /// Waits until a request is done, or it is clear that it will take longer.
    /// - Parameter since: when it was asked for; failures before do not count.
    func wait(for id: PostRequest.ID, since instant: Date) async throws -> Standing {
        let signals = database.signals(.posts)
        if let early = try await standing(of: id, ifWorthKnowing: instant) { return early }
        return try await withThrowingTaskGroup { group in
            group.addTask {
                for await _ in signals {
                    if let standing = try await standing(of: id, ifWorthKnowing: instant) { return standing }
                }
                return try await standing(of: id)
            }
            group.addTask {
                try await Task.sleep(for: patience)
                return try await standing(of: id)
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { return try await standing(of: id) }
            return first
        }
    }

    /// Its state; nil while a moment's wait may still bring a result.
    private func standing(of id: PostRequest.ID, ifWorthKnowing since: Date) async throws -> Standing? {
        let standing = try await standing(of: id)
        if standing.isSettled || standing.wasDelayed(since: since) { return standing }
        guard let connection = standing.request.connection else { return standing }
        let queue = queue
        // Behind an earlier write to the ticket that waits, or while the whole connection waits.
        let next = try await database.read { db in
            try queue.nextRun(ofLane: PostRequest.lane(connection, standing.request.ticket), in: db)
        }
        return next.map { $0 > now() } ?? false ? standing : nil
    }

    func standing(of id: PostRequest.ID) async throws -> Standing {
        let (queue, instant) = (queue, now())
        let found = try await database.read { db -> Standing? in
            guard let (request, posts) = try PostStore.request(id, in: db) else { return nil }
            var standing = Standing(request: request, posts: posts)
            guard let waiting = posts.first(where: { $0.state == .queued }), let connection = request.connection else {
                return standing
            }
            standing.reason =
                try waiting.error ?? PostStore.earlierError(than: waiting, of: request.organization, in: db)
                ?? queue.pause(ofLaneGroup: PSAConnection.postGroup(connection), now: instant, in: db)?.reason
            return standing
        }
        guard let found else { throw Problem.notFound("post") }
        return found
    }

    /// Lets what failed of a request be tried again, or what waits at once. What was done is not done again.
    /// - Parameters:
    ///   - change: other values for what was refused.
    ///   - companies: to whose tickets the one who retries may write; nil for all.
    func retry(
        _ request: PostRequest, with change: Change, on connection: PSAConnection, for companies: [Company.ID]?,
        by asker: SignedInRequest
    ) async throws {
        let (queue, instant) = (queue, now())
        let job = try Poster.job(request.id, to: request.ticket, of: connection.id, now: instant)
        try await database.write { db in
            let isUnwritten = try PostStore.canBeTried(request.id, in: db)
            try PostStore.limit(request, to: companies, in: db)
            let before = try PostStore.posts(of: request.id, in: db).map(Written.init)
            try change.apply(to: request.id, on: connection.id, in: db)
            if isUnwritten {
                try Self.renewAuthor(of: request, connection, in: db)
                try PostStore.requeue(request.id, in: db)
            }
            // The job of one that waits may have been parked, by a program that did not know its kind.
            if try isUnwritten || !queue.isPending(job, in: db) {
                try queue.enqueue([job], now: instant, in: db)
            }
            try queue.hasten(lane: PostRequest.lane(connection.id, request.ticket), now: instant, in: db)
            let after = try PostStore.posts(of: request.id, in: db).map(Written.init)
            try asker.record(
                "ticket.retry", on: "ticket \(request.ticket)", before: ["writes": before], after: ["writes": after],
                now: instant, in: db)
        }
    }

    /// Closes the failed posts of a request, so that they no longer need attention, and withdraws the waiting ones, so that
    /// they do not hold up later writes to the ticket.
    func dismiss(_ request: PostRequest, by asker: SignedInRequest) async throws {
        let (queue, instant) = (queue, now())
        try await database.write { db in
            guard try PostStore.dismiss(request.id, now: instant, in: db) > 0 else {
                throw Problem.conflict(code: "nothing_to_dismiss", "Only failed or waiting posts can be dismissed.")
            }
            if let connection = request.connection {
                try queue.hasten(lane: PostRequest.lane(connection, request.ticket), now: instant, in: db)
            }
            try asker.record(
                "ticket.dismiss", on: "ticket \(request.ticket)", after: ["post_request": request.id], now: instant,
                in: db)
        }
    }

    /// Other values for what was refused or waits.
    struct Change: Sendable {
        var workRole: WorkRole.ID?
        var workType: WorkType.ID?
        var status: Board.Status.ID?

        /// - Throws: 409 if there is nothing they could apply to, so that they do not seem applied.
        func apply(to request: PostRequest.ID, on connection: PSAConnection.ID, in db: Connection) throws {
            if let workRole { try set("work_role_id = \(workRole)", of: .time, "work_role_id", request, db) }
            if let workType { try set("work_type_id = \(workType)", of: .time, "work_type_id", request, db) }
            if let status {
                let name = PostStore.name(of: status, connection)
                try set("status_id = \(status), status_name = \(name)", of: .status, "status_id", request, db)
            }
        }

        private func set(
            _ value: SQL, of kind: Post.Kind, _ field: String, _ request: PostRequest.ID, _ db: Connection
        ) throws {
            let changed = try db.execute(
                """
                UPDATE posts SET \(value) WHERE request_id = \(request) AND kind = \(kind)
                    AND uncertain = \(Post.Doubt.none) AND state IN (\(list: Post.State.unwritten + [.queued]))
                """)
            guard changed == 0 else { return }
            let reason =
                "cannot be changed: the \(kind.rawValue) was written, may have been written, or is not part of this request"
            throw Problem(
                .conflict, code: "not_editable", title: "This post cannot be changed",
                detail: "\(field) \(reason). Retry without it.",
                errors: [.init(field: field, code: "not_editable", message: reason)])
        }
    }

    /// Who was matched with a member since then, or with another one, writes in that one's name.
    private static func renewAuthor(of request: PostRequest, _ connection: PSAConnection, in db: Connection) throws {
        guard let user = request.user else { return }
        let author = try MemberMappings.author(
            user, name: request.userName, email: request.userEmail, connection, in: db)
        let failed = try db.all(
            """
            SELECT * FROM posts WHERE request_id = \(request.id) AND state IN (\(list: Post.State.unwritten))
                AND uncertain = \(Post.Doubt.none) AND kind <> \(Post.Kind.status)
            """, as: Post.self)
        for post in failed {
            try db.execute(
                """
                UPDATE posts SET content = \(orNull: author.signed(post.text)), member_id = \(orNull: author.member?.id),
                    member_name = \(orNull: author.member?.name) WHERE id = \(post.id)
                """)
        }
    }

    /// A page of posts, newest first.
    func list(
        of organization: Organization.ID, _ filter: PostStore.Filter, page: PageRequest
    ) async throws -> Page<(post: Post, request: PostRequest)> {
        try await database.read { try PostStore.page(of: organization, filter, page: page, in: $0) }
    }

    /// Whether what a request asks for was asked for before, under the same key.
    func isRepeated(_ request: SignedInRequest) async throws -> Bool {
        struct Named: Decodable { let request_id: String? }
        let named = try? JSONDecoder().decode(Named.self, from: await request.bytes())
        guard let key = request.idempotencyKey ?? named?.request_id else { return false }
        let principal = request.principal
        return try await database.read { db in
            try db.first(
                """
                SELECT id FROM post_requests WHERE organization_id = \(principal.organization)
                    AND asker = \(principal.user.rawValue) AND request_key = \(key)
                """) != nil
        }
    }

    func find(
        _ id: Post.ID, of organization: Organization.ID
    ) async throws -> (post: Post, request: PostRequest)? {
        try await database.read { try PostStore.find(id, of: organization, in: $0) }
    }
}

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

/// The SQL of posts.
enum PostStore {
    /// What is stored with a request beside what is to be written.
    struct Frame: Sendable {
        let organization: Organization.ID
        let connection: PSAConnection.ID
        let tenant: Tenant.ID?
        let companies: [Company.ID]?
        /// The part of it that does not depend on who asks.
        let scope: [Company.ID]?
        let ticket: Ticket.ID
        let key: String
        let fingerprint: [UInt8]
        let origin: String
        let user: User.ID
    }

    /// Stores a request with its posts, or finds the one that came before under the same key.
    /// - Returns: its id, and whether it is new.
    /// - Throws: 409 when the key names another request.
    static func insert(
        _ draft: PostDraft, _ frame: Frame, by author: PostDraft.Author, now: Date, in db: Connection
    ) throws -> (id: PostRequest.ID, isNew: Bool) {
        let (companies, scope) = (frame.companies.map(list), frame.scope.map(list))
        let id: PostRequest.ID? = try db.first(
            """
            INSERT INTO post_requests (
                organization_id, connection_id, tenant_id, companies, scope, ticket_id, kind, asker, request_key,
                fingerprint, user_id, user_name, user_email, origin, expected_status_id, created_at)
            VALUES (
                \(frame.organization), \(frame.connection), \(orNull: frame.tenant), \(orNull: companies),
                \(orNull: scope), \(frame.ticket), \(draft.kind), \(frame.user.rawValue), \(frame.key), \(frame.fingerprint),
                \(frame.user), \(author.name), \(author.email), \(frame.origin), \(orNull: draft.expectedStatus), \(now))
            ON CONFLICT (organization_id, asker, request_key) DO NOTHING RETURNING id
            """)?["id"]
        guard let id else {
            let earlier = try find(
                key: frame.key, of: frame.organization, frame.user, fingerprint: frame.fingerprint, in: db)
            guard let earlier else { throw DatabaseError.statement("a request is gone") }
            return (earlier, false)
        }
        for (place, part) in draft.parts.enumerated() {
            try insert(part, at: place, of: id, frame, author, now: now, in: db)
        }
        return (id, true)
    }

    /// A user's request under a key; nil if there is none.
    /// - Throws: 409 if it was a different request.
    static func find(
        key: String, of organization: Organization.ID, _ user: User.ID, fingerprint: [UInt8], in db: Connection
    ) throws -> PostRequest.ID? {
        let row = try db.first(
            """
            SELECT id, fingerprint FROM post_requests
            WHERE organization_id = \(organization) AND asker = \(user.rawValue) AND request_key = \(key)
            """)
        guard let row else { return nil }
        guard try row["fingerprint"] == fingerprint else {
            throw Problem(
                .conflict, code: "idempotency_key_reused", title: "Idempotency key reused",
                detail: "This idempotency key was used for a different request. Use a new key for each request.")
        }
        return try row["id"]
    }

    private static func list(_ companies: [Company.ID]) -> String { companies.map(\.rawValue).joined(separator: ",") }

    /// Lets a request write to the tickets that the one who tries it again may see, of those that it was asked for.
    /// - Parameter companies: whose tickets he may see; nil for all.
    static func limit(_ request: PostRequest, to companies: [Company.ID]?, in db: Connection) throws {
        let both = request.scope.map { scope in companies.map { scope.filter($0.contains) } ?? scope } ?? companies
        try db.execute(
            "UPDATE post_requests SET companies = \(orNull: both.map(list)) WHERE id = \(request.id)")
    }

    /// Fails what waits for a connection that leads to another server now.
    static func failMoved(_ connection: PSAConnection, now: Date, in db: Connection) throws {
        try failAll(
            of: connection, .moved,
            "The connection now leads to another server. If it is the same ConnectWise, retry.",
            now: now, in: db)
    }

    /// Fails what waits for a connection that is about to be removed.
    static func failRemoved(_ connection: PSAConnection, now: Date, in db: Connection) throws {
        try failAll(
            of: connection, .noConnection, "The PSA connection was deleted.", now: now, in: db)
    }

    private static func failAll(
        of connection: PSAConnection, _ fault: Post.Fault, _ reason: String, now: Date, in db: Connection
    ) throws {
        try db.send(
            """
            UPDATE posts SET state = \(Post.State.failed), error = \(reason), error_code = \(fault),
                settled_at = \(now)
            WHERE organization_id = \(connection.organization) AND state = \(Post.State.queued)
                AND request_id IN (SELECT id FROM post_requests WHERE connection_id = \(connection.id))
            """)
        db.signal(.posts)
    }

    private static func insert(
        _ part: PostDraft.Part, at place: Int, of request: PostRequest.ID, _ frame: Frame, _ author: PostDraft.Author,
        now: Date, in db: Connection
    ) throws {
        let head: SQL = "request_id, organization_id, user_id, ticket_id, place, kind, state, created_at"
        func values(_ kind: Post.Kind) -> SQL {
            """
            \(request), \(frame.organization), \(frame.user.rawValue), \(frame.ticket), \(place), \(kind),
            \(Post.State.queued), \(now)
            """
        }
        let member: SQL = "\(orNull: author.member?.id), \(orNull: author.member?.name)"
        switch part {
        case .note(let text, let type):
            try db.execute(
                """
                INSERT INTO posts (\(head), note_type, text, content, member_id, member_name)
                VALUES (\(values(.note)), \(type), \(text), \(orNull: author.signed(text)), \(member))
                """)
        case .time(let minutes, let startedAt, let role, let type, let billable, let text):
            try db.execute(
                """
                INSERT INTO posts (
                    \(head), minutes, started_at, work_role_id, work_type_id, billable, text, content, member_id,
                    member_name)
                VALUES (
                    \(values(.time)), \(minutes), \(startedAt), \(orNull: role), \(orNull: type), \(orNull: billable),
                    \(orNull: text), \(orNull: author.signed(text)), \(member))
                """)
        case .status(let status):
            try db.execute(
                """
                INSERT INTO posts (\(head), status_id, status_name)
                VALUES (\(values(.status)), \(orNull: status), \(name(of: status, frame.connection)))
                """)
        }
    }

    /// How our copy calls a status; null when it does not have it.
    static func name(of status: Board.Status.ID?, _ connection: PSAConnection.ID) -> SQL {
        "(SELECT name FROM psa_statuses WHERE connection_id = \(connection) AND id = \(orNull: status))"
    }

    static func request(_ id: PostRequest.ID, in db: Connection) throws -> (request: PostRequest, posts: [Post])? {
        guard
            let request = try db.first("SELECT * FROM post_requests WHERE id = \(id)", as: PostRequest.self)
        else { return nil }
        return (request, try posts(of: id, in: db))
    }

    static func posts(of request: PostRequest.ID, in db: Connection) throws -> [Post] {
        try db.all("SELECT * FROM posts WHERE request_id = \(request) ORDER BY place", as: Post.self)
    }

    /// Why an earlier post to the same ticket waits, and with it the later one; nil when none does.
    static func earlierError(
        than post: Post, of organization: Organization.ID, in db: Connection
    ) throws -> String? {
        let error: String? = try db.first(
            """
            SELECT error FROM posts WHERE organization_id = \(organization) AND ticket_id = \(post.ticket)
                AND id < \(post.id) AND state = \(Post.State.queued) AND error IS NOT NULL ORDER BY id LIMIT 1
            """)?["error"]
        return error.map { "An earlier post to the ticket is waiting: \($0)" }
    }

    /// Whether something of a request failed and can be tried again, or else waits. Nobody changes that before the transaction
    /// ends.
    /// - Throws: 409 when there is nothing to try.
    static func canBeTried(_ request: PostRequest.ID, in db: Connection) throws -> Bool {
        let forUpdate = SQL(sqlite: "", postgres: " FOR UPDATE")
        let posts = try db.all("SELECT * FROM posts WHERE request_id = \(request)\(forUpdate)", as: Post.self)
        guard !posts.contains(where: { $0.fault == .replaced }) else {
            throw Problem.conflict(
                code: "replaced",
                "Another post replaces this one, so both would be written. Write a new update instead.")
        }
        let isUnwritten = posts.contains { Post.State.unwritten.contains($0.state) }
        guard isUnwritten || posts.contains(where: { $0.state == .queued }) else {
            throw Problem.conflict(code: "nothing_to_retry", "This was already written.")
        }
        return isUnwritten
    }

    /// Which posts are asked for.
    struct Filter: Sendable {
        var ticket: Ticket.ID?
        var state: Post.State?
        var kind: Post.Kind?
        /// Only those of this person.
        var user: User.ID?
        /// Only those that this person may see: the own ones.
        var viewer: User.ID?
        /// Not asked for before this instant.
        var since: Date?
        /// Asked for before this instant.
        var until: Date?
    }

    static func page(
        of organization: Organization.ID, _ filter: Filter, page: PageRequest, in db: Connection
    ) throws -> Page<(post: Post, request: PostRequest)> {
        let ids = try db.all(selection(of: organization, filter, page: page)).map { row -> Post.ID in try row["id"] }
        return Page(try all(ids, in: db), limit: page.limit) { "\($0.post.id)" }
    }

    static func selection(of organization: Organization.ID, _ filter: Filter, page: PageRequest) -> SQL {
        // In the order of the index by time, or those of one day would be looked for among all.
        let isByTime = filter.since != nil || filter.until != nil
        var query: SQL = "SELECT p.id FROM posts p WHERE p.organization_id = \(organization)"
        if let after = page.after?.number {
            query +=
                isByTime
                ? " AND (p.created_at, p.id) < ((SELECT created_at FROM posts WHERE id = \(after)), \(after))"
                : " AND p.id < \(after)"
        }
        if let ticket = filter.ticket { query += " AND p.ticket_id = \(ticket)" }
        if let state = filter.state { query += " AND p.state = \(state)" }
        if let kind = filter.kind { query += " AND p.kind = \(kind)" }
        for user in [filter.user, filter.viewer].compactMap(\.self) { query += " AND p.user_id = \(user.rawValue)" }
        if let since = filter.since { query += " AND p.created_at >= \(since)" }
        if let until = filter.until { query += " AND p.created_at < \(until)" }
        query += isByTime ? " ORDER BY p.created_at DESC, p.id DESC" : " ORDER BY p.id DESC"
        return query + " LIMIT \(page.limit + 1)"
    }

    /// Posts with their requests, newest first: two queries, however many there are.
    private static func all(_ ids: [Post.ID], in db: Connection) throws -> [(post: Post, request: PostRequest)] {
        guard !ids.isEmpty else { return [] }
        let posts = try db.all("SELECT * FROM posts WHERE id IN (\(list: ids)) ORDER BY id DESC", as: Post.self)
        let requests = try db.all(
            "SELECT * FROM post_requests WHERE id IN (\(list: Array(Set(posts.map(\.request)))))",
            as: PostRequest.self)
        let byID = Dictionary(requests.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        return posts.compactMap { post in byID[post.request].map { (post, $0) } }
    }

    static func find(
        _ id: Post.ID, of organization: Organization.ID, in db: Connection
    ) throws -> (post: Post, request: PostRequest)? {
        guard
            let post = try db.first(
                "SELECT * FROM posts WHERE id = \(id) AND organization_id = \(organization)", as: Post.self),
            let request = try db.first("SELECT * FROM post_requests WHERE id = \(post.request)", as: PostRequest.self)
        else { return nil }
        return (post, request)
    }

    // MARK: What becomes of them

    /// Notes that a post is about to be written; why it waited until now is over. The caller holds its job.
    /// - Parameter status: what the ticket's status is now; kept from the first attempt that may have changed it.
    /// - Returns: the post as it is to be written; nil when it does not wait any more.
    static func begin(_ post: Post.ID, from status: Ticket.Reference?, now: Date, in db: Connection) throws -> Post? {
        try db.first(
            """
            UPDATE posts SET attempts = attempts + 1, tried_at = \(now), error = NULL, error_code = NULL,
                status_from = CASE WHEN uncertain = \(Post.Doubt.none) THEN \(orNull: status?.id) ELSE status_from END,
                status_from_name = CASE WHEN uncertain = \(Post.Doubt.none) THEN \(orNull: status?.name)
                    ELSE status_from_name END,
                uncertain = \(Post.Doubt.unanswered)
            WHERE id = \(post) AND state = \(Post.State.queued) RETURNING *
            """, as: Post.self)
    }

    /// What became of one post.
    enum Result: Sendable, Equatable {
        case sent(record: String?, from: Ticket.Reference? = nil, to: Ticket.Reference? = nil)
        case skipped(String, at: Ticket.Reference? = nil)
        case failed(
            Post.Fault, String, fields: [String: String] = [:], roles: [WorkRole] = [], from: Ticket.Reference? = nil)
    }

    /// Records what became of a post. What comes after one that failed is not tried. The caller holds its job.
    static func settle(_ post: Post, as result: Result, now: Date, in db: Connection) throws {
        var change: SQL = "UPDATE posts SET uncertain = \(Post.Doubt.none), settled_at = \(now), "
        switch result {
        case .sent(let record, let from, let to):
            change += """
                state = \(Post.State.sent), record_id = \(orNull: record), error = NULL, error_code = NULL,
                error_fields = NULL, work_roles = NULL, status_from = \(orNull: from?.id),
                status_from_name = \(orNull: from?.name), status_to = \(orNull: to?.id),
                status_to_name = \(orNull: to?.name)
                """
        case .skipped(let reason, let status):
            change += """
                state = \(Post.State.skipped), error = \(reason), error_code = NULL, error_fields = NULL,
                work_roles = NULL, status_from = \(orNull: status?.id), status_from_name = \(orNull: status?.name)
                """
        case .failed(let fault, let reason, let fields, let roles, let from):
            change += """
                state = \(Post.State.failed), error = \(reason), error_code = \(fault),
                error_fields = \(orNull: try json(fields)), work_roles = \(orNull: try json(roles)),
                status_from = \(orNull: from?.id), status_from_name = \(orNull: from?.name)
                """
        }
        change += " WHERE id = \(post.id)"
        // What was withdrawn while its call was under way may turn out to be written, but not to have failed.
        if case .failed = result { change += " AND state = \(Post.State.queued)" }
        try db.execute(change)
        if case .failed = result {
            try failRest(
                of: post.request, .notTried, "Not attempted, because the \(post.kind.rawValue) failed.", now: now,
                in: db)
        }
        db.signal(.posts)
    }

    private static func json(_ value: some Encodable & Collection) throws -> String? {
        value.isEmpty ? nil : String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }

    /// Notes why a post waits.
    /// - Parameter doubt: nil leaves it.
    static func delay(
        _ post: Post.ID, because reason: String, doubt: Post.Doubt?, now: Date, in db: Connection
    ) throws {
        var change: SQL = """
            UPDATE posts SET error = \(reason), error_code = \(Post.Fault.unavailable), tried_at = \(now)
            """
        if let doubt { change += ", uncertain = \(doubt)" }
        try db.send(change + " WHERE id = \(post) AND state = \(Post.State.queued)")
        db.signal(.posts)
    }

    /// Fails what is left of a request.
    static func failRest(
        of request: PostRequest.ID, _ fault: Post.Fault, _ reason: String, now: Date, in db: Connection
    ) throws {
        try db.send(
            """
            UPDATE posts SET state = \(Post.State.failed), error = \(reason), error_code = \(fault), settled_at = \(now)
            WHERE request_id = \(request) AND state = \(Post.State.queued)
            """)
        db.signal(.posts)
    }

    /// Puts what failed of a request in the queue again.
    static func requeue(_ request: PostRequest.ID, in db: Connection) throws {
        try db.execute(
            """
            UPDATE posts SET state = \(Post.State.queued), error = NULL, error_code = NULL, error_fields = NULL,
                work_roles = NULL, settled_at = NULL
            WHERE request_id = \(request) AND state IN (\(list: Post.State.unwritten))
            """)
        db.signal(.posts)
    }

    /// Leaves what failed of a request at that, and withdraws what waits; its job finds nothing to do.
    /// - Returns: how many posts that were.
    static func dismiss(_ request: PostRequest.ID, now: Date, in db: Connection) throws -> Int {
        let withdrawn = "Cancelled before it was written."
        let doubtful = "Cancelled after an attempt without a response: it may be in the ticket. A retry checks first."
        let dismissed = try db.execute(
            """
            UPDATE posts SET state = \(Post.State.dismissed),
                settled_at = CASE WHEN state = \(Post.State.failed) THEN settled_at ELSE \(now) END,
                error = CASE WHEN state = \(Post.State.failed) THEN error
                    WHEN uncertain = \(Post.Doubt.none) THEN \(withdrawn) ELSE \(doubtful) END,
                error_code = CASE WHEN state = \(Post.State.failed) THEN error_code ELSE \(Post.Fault.withdrawn) END
            WHERE request_id = \(request) AND state IN (\(list: [Post.State.failed, .queued]))
            """)
        db.signal(.posts)
        return dismissed
    }

    /// Closes the failed posts of a request, because another write replaces them.
    /// - Parameter owner: The user it must belong to; nil for anyone.
    /// - Throws: 409 if it was written or replaced in the meantime: then both would be written.
    static func replace(
        _ id: Post.ID, on ticket: Ticket.ID, of organization: Organization.ID, owner: User.ID?, in db: Connection
    ) throws {
        let forUpdate = SQL(sqlite: "", postgres: " FOR UPDATE")
        let row = try db.first(
            "SELECT * FROM posts WHERE id = \(id) AND organization_id = \(organization)\(forUpdate)")
        guard let row, try row["ticket_id"] == ticket, try owner == nil || row["user_id"] == owner?.rawValue else {
            throw Problem.invalid([
                .init(field: "replaces", code: "unknown", message: "is not one of your posts to this ticket.")
            ])
        }
        let post = try Post(row: row)
        guard Post.State.unwritten.contains(post.state), post.fault != .replaced else {
            throw Problem.conflict(
                code: "not_replaceable",
                "The post to replace was written, is about to be written, or was already replaced. "
                    + "Check the ticket before you write it again.")
        }
        try db.execute(
            """
            UPDATE posts SET state = \(Post.State.dismissed), error_code = \(Post.Fault.replaced),
                error = TRIM(COALESCE(error, '') || ' Another write was asked for in its place.')
            WHERE request_id = \(post.request) AND state IN (\(list: Post.State.unwritten))
            """)
        db.signal(.posts)
    }

    /// Which of these ids a post of the ticket calls its own already.
    static func recorded(
        _ records: [String], _ kind: Post.Kind, on ticket: Ticket.ID, _ organization: Organization.ID,
        in db: Connection
    ) throws -> Set<String> {
        guard !records.isEmpty else { return [] }
        return Set(
            try db.all(
                """
                SELECT record_id FROM posts WHERE organization_id = \(organization) AND ticket_id = \(ticket)
                    AND kind = \(kind) AND record_id IN (\(list: records))
                """
            ).map { row -> String in try row["record_id"] })
    }
}

extension Signal {
    /// Something became of a post.
    public static let posts = Signal(rawValue: "posts")
}

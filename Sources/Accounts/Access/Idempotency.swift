import BoundaryText
import Crypto
import Database
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import WebSupport

/// `Idempotency-Key`: a request that repeats a key gets the first response and is not performed again.
///
/// A request's changes and the note that it is done share one transaction (``Hold/noteDone(in:)``, called by the audit
/// log). So the key of a request that failed, or whose process died, is free again exactly if nothing was done.
struct Idempotency: Sendable {
    /// How long a key is remembered, in seconds.
    private static let lifetime = 86_400.0
    /// How long a request holds its key, in seconds. Longer than a request that calls other systems can take (30 s in
    /// the queue for calls, 20 s for the call). A request that takes longer and loses its key is refused when it
    /// commits.
    private static let lease = 60.0

    let database: Database
    let now: @Sendable () -> Date

    /// A key that one request holds.
    struct Hold: Sendable, Equatable {
        let user: User.ID
        let organization: Organization.ID
        let name: String
        let holder: Int64

        fileprivate var key: SQL {
            "user_id = \(user) AND organization_id = \(organization) AND name = \(name)"
        }

        /// Marks the request as done, in the transaction that performs it.
        /// - Throws: 409 if another request has taken over the key, so that the work is not done twice.
        func noteDone(in db: Connection) throws {
            guard try db.execute("UPDATE repeated_requests SET done = 1 WHERE \(key) AND holder = \(holder)") == 0
            else {
                return
            }
            // The key may have been deleted with its organization; then nothing can be repeated.
            guard try db.first("SELECT holder FROM repeated_requests WHERE \(key)") == nil else {
                throw Idempotency.inProgress
            }
        }
    }

    /// The result of looking up a key.
    enum Finding: Sendable {
        /// The key is new, or its lease expired; this request holds it now.
        case fresh(Hold)
        /// The request was answered with this response.
        case answered(Answer)
    }

    /// A stored response.
    struct Answer: Sendable {
        let status: Int
        let headers: HTTPFields
        let body: [UInt8]

        init(row: Row, status: Int) throws {
            self.status = status
            var headers = HTTPFields()
            if let type: String = try row["content_type"] { headers[.contentType] = type }
            if let location: String = try row["location"] { headers[.location] = location }
            self.headers = headers
            body = try (row["body"] as [UInt8]?) ?? []
        }

        /// - Throws: The ``Problem``, if the request was refused.
        func response() throws -> Response {
            if status >= 400 { throw try Problem(body: Data(body)) }
            return Response(
                status: .init(code: status), headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: body)))
        }
    }

    private static let inProgress: Problem = {
        var problem = Problem.conflict(
            code: "in_progress", "A request with this Idempotency-Key is still being processed. Try again in a moment.")
        problem.retryAfter = .seconds(5)
        return problem
    }()

    /// Takes hold of a key, or finds its stored response.
    /// - Throws: 409 while the first request is in progress, if its response was not stored, or if the key was used for
    ///   a different request.
    func begin(_ name: String, for principal: Principal, _ route: Route, _ path: String, _ body: Data) async throws
        -> Finding
    {
        guard (1...200).contains(name.unicodeScalars.count) else {
            throw Problem.badRequest(
                "Idempotency-Key must have 1 to 200 characters.",
                errors: [.init(field: "Idempotency-Key", code: "length", message: "must have 1 to 200 characters")])
        }
        let fingerprint = Array(SHA256.hash(data: Data("\(route.method.rawValue) \(path)\n".utf8) + body))
        let hold = Hold(
            user: principal.user, organization: principal.organization, name: name,
            holder: .random(in: 1...Int64.max))
        let instant = now()
        return try await database.write { db in
            let key = hold.key
            try db.execute("DELETE FROM repeated_requests WHERE \(key) AND created_at < \(instant - Self.lifetime)")
            let noted = try db.execute(
                """
                INSERT INTO repeated_requests (
                    user_id, organization_id, name, fingerprint, holder, held_until, created_at)
                VALUES (
                    \(hold.user), \(hold.organization), \(name), \(fingerprint), \(hold.holder),
                    \(instant + Self.lease), \(instant))
                ON CONFLICT (user_id, organization_id, name) DO NOTHING
                """)
            guard noted == 0 else { return .fresh(hold) }
            guard let row = try db.first("SELECT * FROM repeated_requests WHERE \(key)") else { throw Self.inProgress }
            guard try row["fingerprint"] == fingerprint else {
                throw Problem(
                    .conflict, code: "idempotency_key_reused", title: "This idempotency key is in use",
                    detail: "This Idempotency-Key was used for another request. Use a new one for each new request.")
            }
            if let status: Int = try row["status"] { return .answered(try Answer(row: row, status: status)) }
            guard try !(row["done"] as Bool) else {
                throw Problem.conflict(
                    code: "answer_not_kept",
                    "The request with this Idempotency-Key was done, but its answer was not kept. Check what it created or changed, and use a new key for a new request."
                )
            }
            // The lease has expired, most likely because the holder's process died.
            let taken = try db.execute(
                """
                UPDATE repeated_requests SET holder = \(hold.holder), held_until = \(instant + Self.lease)
                WHERE \(key) AND done = 0 AND held_until <= \(instant)
                """)
            guard taken == 1 else { throw Self.inProgress }
            return .fresh(hold)
        }
    }

    /// Stores the response. For a response that contains a secret, stores only that the request was done.
    func finish(_ hold: Hold, _ answer: (response: Response, body: [UInt8])) async throws {
        let kept = answer.response.holdsSecret ? nil : answer
        let (status, headers, body) = (kept?.response.status.code, kept?.response.headers, kept?.body)
        try await detached { db in
            try db.execute(
                """
                UPDATE repeated_requests SET done = 1, status = \(orNull: status),
                    location = \(orNull: headers?[.location]), content_type = \(orNull: headers?[.contentType]),
                    body = \(orNull: body)
                WHERE \(hold.key) AND holder = \(hold.holder)
                """)
        }
    }

    /// Frees the key for another attempt. If something was done before the request was refused, for example when a
    /// queued retry failed again, the refusal is stored as the response.
    func abandon(_ hold: Hold, because error: any Error) async throws {
        let freed = try await detached { db in
            try db.execute("DELETE FROM repeated_requests WHERE \(hold.key) AND holder = \(hold.holder) AND done = 0")
        }
        guard freed == 0, let problem = error as? Problem else { return }
        let response = problem.response(requestID: "")
        try await finish(hold, (response, response.bytes()))
    }

    /// Runs in a separate task, because the request's task may be cancelled, which is when releasing the key matters
    /// most.
    @discardableResult
    private func detached(_ body: @escaping @Sendable (Connection) throws -> Int) async throws -> Int {
        let database = database
        return try await Task { try await database.write { try body($0) } }.value
    }

    /// Deletes expired keys.
    static func forget(now: Date, in db: Connection) throws {
        try db.execute("DELETE FROM repeated_requests WHERE created_at < \(now - lifetime)")
    }
}

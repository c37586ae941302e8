import Crypto
import Database
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import WebSupport

/// The tables of requests that may come twice.
public let repetitionSchema: [SQL] = [
    """
    CREATE TABLE repeated_requests (
        user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        fingerprint \(SQL.bytes) NOT NULL,
        status BIGINT,
        location TEXT,
        content_type TEXT,
        body \(SQL.bytes),
        created_at BIGINT NOT NULL,
        PRIMARY KEY (user_id, name))
    """,
    "CREATE INDEX repeated_requests_by_time ON repeated_requests (created_at)",
]

/// `Idempotency-Key`: a request that is sent again with the same key is answered as before and not done again.
struct Repetition: Sendable {
    /// How long a key is remembered.
    private static let lifetime = 86_400.0

    let database: Database
    let now: @Sendable () -> Date

    /// What is known of a key.
    enum Finding {
        /// Nothing; it is noted now.
        case fresh
        /// It was answered so.
        case answered(Response)
    }

    /// Notes a key, or finds what became of it.
    /// - Throws: 409 while the first request goes on or when its answer cannot be shown again; also when the same key
    ///   names another request.
    func begin(_ name: String, of user: User.ID, _ route: Route, _ path: String, _ body: Data) async throws -> Finding {
        guard (1...200).contains(name.utf8.count) else {
            throw Problem.badRequest(
                "Idempotency-Key must have 1 to 200 characters.",
                errors: [.init(field: "Idempotency-Key", code: "length", message: "must have 1 to 200 characters")])
        }
        let fingerprint = Array(SHA256.hash(data: Data("\(route.method.rawValue) \(path)\n".utf8) + body))
        let instant = now()
        let row = try await database.write { db -> Row? in
            try db.execute(
                "DELETE FROM repeated_requests WHERE user_id = \(user) AND name = \(name) AND created_at < \(instant - Self.lifetime)"
            )
            let noted = try db.execute(
                """
                INSERT INTO repeated_requests (user_id, name, fingerprint, created_at)
                VALUES (\(user), \(name), \(fingerprint), \(instant)) ON CONFLICT (user_id, name) DO NOTHING
                """)
            guard noted == 0 else { return nil }
            return try db.first("SELECT * FROM repeated_requests WHERE user_id = \(user) AND name = \(name)")
        }
        guard let row else { return .fresh }
        guard try row["fingerprint"] == fingerprint else {
            throw Problem(
                .conflict, code: "idempotency_key_reused", title: "This key names another request",
                detail: "This Idempotency-Key was used for another request. Take a new one for each new request.")
        }
        guard let status: Int = try row["status"] else {
            throw Problem.conflict(
                code: "in_progress",
                "A request with this Idempotency-Key was begun and its answer is not known. Look whether it was done before you repeat it with another key."
            )
        }
        var headers = HTTPFields()
        if let type: String = try row["content_type"] { headers[.contentType] = type }
        if let location: String = try row["location"] { headers[.location] = location }
        let bytes: [UInt8]? = try row["body"]
        return .answered(
            Response(
                status: .init(code: status), headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes ?? []))))
    }

    /// Keeps the answer.
    func finish(_ name: String, of user: User.ID, _ response: Response, body: [UInt8]) async throws {
        try await database.write { db in
            try db.execute(
                """
                UPDATE repeated_requests SET status = \(response.status.code),
                    location = \(orNull: response.headers[.location]),
                    content_type = \(orNull: response.headers[.contentType]), body = \(body)
                WHERE user_id = \(user) AND name = \(name)
                """)
        }
    }

    /// Nothing was done, so the same key may be tried again.
    func abandon(_ name: String, of user: User.ID) async throws {
        try await database.write { db in
            try db.execute("DELETE FROM repeated_requests WHERE user_id = \(user) AND name = \(name)")
        }
    }

    /// Forgets what is too old.
    static func forget(now: Date, in db: Connection) throws {
        try db.execute("DELETE FROM repeated_requests WHERE created_at < \(now - lifetime)")
    }
}

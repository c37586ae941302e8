import AsyncHTTPClient
import Crypto
import Database
import Foundation
import NIOCore
import NIOHTTP1

/// Somebody who is signed in to the console.
enum Visitor {
    private static let token = "a-session-that-only-the-benchmark-has-000000"

    // The shared client would unpack what it gets.
    private static let client = HTTPClient(eventLoopGroupProvider: .singleton)

    /// Signs the first user in.
    static func signIn(_ database: Database) async throws {
        let (hash, now) = (Array(SHA256.hash(data: Data(token.utf8))), Date())
        try await database.write { db in
            try db.execute(
                """
                INSERT INTO sign_ins (user_id, token_hash, method, awaits_code, created_at, last_seen_at, expires_at)
                SELECT MIN(id), \(hash), 'password', 0, \(now), \(now), \(now + 36_000) FROM users
                """)
        }
    }

    /// Opens a page.
    static func get(
        _ path: String, _ server: ServerProcess, zipped: Bool = true
    ) async throws -> (seconds: Double, body: Data) {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(server.port)\(path)")
        request.headers.add(name: "Cookie", value: "patchbay=\(token)")
        if zipped { request.headers.add(name: "Accept-Encoding", value: "gzip") }
        let start = ContinuousClock.now
        let response = try await client.execute(request, timeout: .seconds(30))
        let body = Data(try await response.body.collect(upTo: 1 << 22).readableBytesView)
        let seconds = (ContinuousClock.now - start).inSeconds
        guard response.status == .ok else { throw Broken(what: "\(path): \(response.status)") }
        return (seconds, body)
    }
}

import Database
import Foundation
import NIOHTTP1
import ServerTestSupport
import TestSupport
import Testing

@testable import Server

/// SIGTERM while somebody is in the middle of something.
@Suite("Stop of the server", .timeLimit(.minutes(20)))
struct StopTests {
    @Test(
        "Half a request does not delay the shutdown, which ends cleanly", arguments: TestDatabase.engines,
        [
            "POST /api/v1/users/keys HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer KEY\r\nContent-Length: 1000\r\n\r\n{",
            "POST /sign-in HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
            "GET /healthcheck HTTP/1.1\r\nHost:", "",
        ])
    func half(engine: Engine, request: String) async throws {
        try await TestDatabase.withAddress(engine) { address in
            try await Installed.run(at: address) { installed in
                let port = try await Ports.free()
                let server = try installed.serve(port: port)
                let api = try await installed.answering(server, port: port)
                let wires = try await (0..<3).asyncMap { _ in try await Wire.open(port: port) }
                for wire in wires { try await wire.send(request.replacing("KEY", with: api.key ?? "")) }
                // What was sent before is read before: all connections share a loop or two, and this is answered on one.
                for _ in 0..<20 { #expect(try await api(.GET, "/healthcheck").status == 200) }
                let start = ContinuousClock.now
                server.send(signal: SIGTERM)
                #expect(try await server.ended() == .exited(0), "\(server.excerpt)")
                #expect(ContinuousClock.now - start < .seconds(8))
                #expect(!server.text.contains("the database is closed"), "\(server.excerpt)")
                for wire in wires { await wire.close() }
            }
        }
    }
}

extension Sequence {
    /// One after the other.
    fileprivate func asyncMap<Value>(_ body: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}

/// What is closed last, when a stop took too long and everything is cancelled at once.
@Suite("The database at the end")
struct DatabaseUsersTests {
    @Test("It is closed after those that use it, also when all are cancelled together")
    func last() async throws {
        try await TestDatabase.with(.sqlite) { database in
            let users = DatabaseUsers()
            users.begin()
            let closing = Task { try await DatabaseService(database: database, users: users).run() }
            closing.cancel()
            for _ in 0..<50 {
                let one: Int = try await database.read { try $0.first("SELECT 1 AS one")?["one"] ?? 0 }
                #expect(one == 1)
            }
            users.end()
            try await closing.value
            await #expect(throws: DatabaseError.self) { try await database.read { try $0.first("SELECT 1 AS one") } }
        }
    }
}

import Database
import Foundation
import NIOHTTP1
import ServerTestSupport
import TestSupport
import Testing

@testable import Server

/// SIGTERM during unfinished requests.
@Suite("Server stop", .timeLimit(.minutes(20)))
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
                // Earlier data is read earlier: all connections share a loop or two, and each answer comes from one of
                // them.
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
    /// Transforms one element after another.
    fileprivate func asyncMap<Value>(_ body: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}

/// The order of closing when a stop takes too long and everything is cancelled at once.
@Suite("Closing the database")
struct DatabaseUsersTests {
    @Test("The database closes after its users, even if all are cancelled together")
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

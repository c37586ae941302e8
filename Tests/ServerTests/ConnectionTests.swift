import Database
import Foundation
import NIOCore
import NIOHTTP1
import Server
import ServerTestSupport
import TestSupport
import Testing
import WebSupport

/// What unauthenticated clients can do just by opening connections.
@Suite("Connections", .timeLimit(.minutes(20)))
struct ConnectionTests {
    private func port(_ patchbay: RunningPatchbay) throws -> Int {
        try #require(URL(string: patchbay.api.base)?.port)
    }

    @Test(
        "A request that two programs could parse differently is refused with 400",
        arguments: [
            ("two hosts", "GET /healthcheck HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
            ("no host", "GET /healthcheck HTTP/1.1\r\n\r\n"),
            ("a host that is none", "GET /healthcheck HTTP/1.1\r\nHost: a, b\r\n\r\n"),
            (
                "chunks of HTTP/1.0",
                "POST /sign-in HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            ),
            (
                "behind a good one",
                "GET /healthcheck HTTP/1.1\r\nHost: a\r\n\r\nGET /healthcheck HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"
            ),
        ])
    func ambiguous(name: String, request: String) async throws {
        try await RunningPatchbay.run(.sqlite) { patchbay in
            let wire = try await Wire.open(port: try port(patchbay))
            try await wire.send(request)
            let answer = try await wire.end()
            let statuses = answer.matches(of: /HTTP\/1\.1 (\d{3})/).map(\.output.1)
            #expect(statuses == (name == "behind a good one" ? ["200", "400"] : ["400"]), "\(answer)")
        }
    }

    @Test("HTTP/1.0 without a Host header is answered, because some load balancers send such probes")
    func oldVersion() async throws {
        try await RunningPatchbay.run(.sqlite) { patchbay in
            let wire = try await Wire.open(port: try port(patchbay))
            try await wire.send("GET /healthcheck HTTP/1.0\r\nConnection: close\r\n\r\n")
            try await wire.hears("200 OK")
        }
    }

    @Test("An answer to HEAD never has a body, not even for an error, so the next answer on the connection is readable")
    func head() async throws {
        try await RunningPatchbay.run(.sqlite) { patchbay in
            for path in ["/nothing", "/api/v1/nothing", "/sign-in", "/healthcheck", "/api/v1/users/keys"] {
                let wire = try await Wire.open(port: try port(patchbay))
                try await wire.send("HEAD \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                try await wire.send("GET /healthcheck HTTP/1.1\r\nHost: a\r\n\r\n")
                try await wire.hears(#"{"status":"ok"}"#)
                #expect(
                    wire.text.components(separatedBy: "\r\n\r\n").dropFirst().first?.hasPrefix("HTTP/1.1 200") == true)
                await wire.close()
            }
        }
    }

    @Test(
        "Malformed chunks and incomplete bodies are answered with 400 and log no error",
        arguments: ["/sign-in", "/api/v1/users/keys", "/hooks/connectwise"])
    func malformed(path: String) async throws {
        try await RunningPatchbay.run(.sqlite) { patchbay in
            let head = "POST \(path) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(patchbay.api.key ?? "")\r\n"
            for (body, half) in [
                ("Transfer-Encoding: chunked\r\n\r\nZZ\r\nabc\r\n", false),
                ("Transfer-Encoding: chunked\r\n\r\n5\r\nabcdefgh\r\n", false),
                ("Content-Length: 100\r\n\r\n{", true), ("Transfer-Encoding: chunked\r\n\r\n5\r\nab", true),
            ] {
                let wire = try await Wire.open(port: try port(patchbay))
                try await wire.send(head + body)
                if half {
                    await wire.close()
                } else {
                    #expect(try await wire.end().contains("HTTP/1.1 400"), "\(body)")
                }
            }
            #expect(try await patchbay.api(.GET, "/healthcheck").status == 200)
            #expect(patchbay.log.value.allSatisfy { !$0.contains("request failed") }, "\(patchbay.log.value)")
        }
    }

    @Test("A trickling body is cut off, and so are a header that never ends and an answer that is never read")
    func trickle() async throws {
        var options = RunningPatchbay.Options()
        options.configure = { configuration in
            var limits = ConnectionLimits(connections: 100, perAddress: 100)
            (limits.bodyTime, limits.headerTime) = (.milliseconds(400), .milliseconds(400))
            configuration.connectionLimits = limits
        }
        try await RunningPatchbay.run(.sqlite, options) { patchbay in
            let port = try port(patchbay)
            let body = try await Wire.open(port: port)
            try await body.send("POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\na")
            let header = try await Wire.open(port: port)
            try await header.send("GET /healthcheck HTTP/1.1\r\nHost: ")
            // Keep writing, like a client that only wants to occupy the connection.
            while !body.isEnded || !header.isEnded {
                try? await body.send("a")
                try? await header.send("a")
            }
            #expect(body.text.contains("HTTP/1.1 408"))
        }
    }

    @Test("Idle connections make room for active ones")
    func room() async throws {
        var options = RunningPatchbay.Options()
        options.configure = { $0.connectionLimits = ConnectionLimits(connections: 40, perAddress: 4) }
        try await RunningPatchbay.run(.sqlite, options) { patchbay in
            let port = try port(patchbay)
            var resting: [Wire] = []
            for _ in 0..<120 { resting.append(try await Wire.open(port: port)) }
            for _ in 0..<20 {
                let wire = try await Wire.open(port: port)
                try await wire.send("GET /healthcheck HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                try await wire.hears("200 OK")
            }
            for wire in resting { await wire.close() }
        }
    }

    @Test("Each address has its own share of connections")
    func share() async throws {
        var options = RunningPatchbay.Options()
        options.configure = { $0.connectionLimits = ConnectionLimits(connections: 100, perAddress: 4) }
        try await RunningPatchbay.run(.sqlite, options) { patchbay in
            let port = try port(patchbay)
            var busy: [Wire] = []
            // A connection counts as idle until its request has been read, and can still be closed.
            try await eventually("one more to be refused") {
                busy.removeAll { $0.isEnded }
                while busy.count < 4 {
                    let wire = try await Wire.open(port: port, from: "127.0.0.2")
                    try await wire.send("POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\na")
                    busy.append(wire)
                }
                let wire = try await Wire.open(port: port, from: "127.0.0.2")
                try? await wire.send("GET /healthcheck HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                return try await !wire.end().contains("200 OK")
            }
            let other = try await Wire.open(port: port, from: "127.0.0.3")
            try await other.send("GET /healthcheck HTTP/1.1\r\nHost: a\r\n\r\n")
            try await other.hears("200 OK")
            await busy[0].close()
            try await eventually("a place to be free again") {
                let wire = try await Wire.open(port: port, from: "127.0.0.2")
                try? await wire.send("GET /healthcheck HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                return try await wire.end().contains("200 OK")
            }
            for wire in busy + [other] { await wire.close() }
        }
    }
}

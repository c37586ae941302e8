import API
import Accounts
import Database
import Foundation
import NIOHTTP1
import ServerTestSupport
import TestSupport
import Testing
import WebSupport

/// How much unauthenticated clients and users with few rights can make a server store or do.
@Suite("Strangers", .timeLimit(.minutes(20)))
struct StrangerTests {
    @Test("Twenty megabytes of sign-in attempts leave nothing behind", arguments: TestDatabase.engines)
    func signIns(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let before = try await Self.record(of: patchbay)
            let browser = Browser(base: patchbay.api.base)
            let megabyte = Data(("password=x&email=" + String(repeating: "x", count: (1 << 20) - 100)).utf8)
            for _ in 0..<20 {
                #expect(try await browser.send(.POST, "/sign-in", megabyte).status == 413)
            }
            // As long as a form may be, and longer than an e-mail address.
            for _ in 0..<20 {
                let reply = try await browser.post("/sign-in", ["email": String(repeating: "x", count: 9_000)])
                #expect(reply.status == 422)
            }
            let after = try await Self.record(of: patchbay)
            #expect(after.entries == before.entries)
            #expect(after.bytes == before.bytes)
            #expect(try await patchbay.count("SELECT COUNT(*) AS n FROM throttles") == 0)
        }
    }

    @Test(
        "Names of 900 KB and searches of 10 KB are refused, whatever they consist of", arguments: TestDatabase.engines)
    func names(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let before = try await Self.record(of: patchbay)
            // A single character to Swift.
            let name = JSON.text("k" + String(repeating: "\u{301}", count: 450_000))
            for (method, path, body) in [
                (.POST, "/api-keys", ["name": name]),
                (.POST, "/users", ["email": "x@example.com", "name": name, "role": "viewer"]),
                (.POST, "/tenants", ["name": name]), (.POST, "/organizations", ["name": name]),
                (.POST, "/webex/rooms", ["email": name]),
            ] as [(HTTPMethod, String, JSON)] {
                let reply = try await patchbay.api(method, path, body)
                #expect(reply.status == 422, "\(path)")
                #expect(reply.json["errors"].elements.first?["code"] == "length", "\(path)")
                #expect(reply.body.count < 2_000)
            }
            let marks = "q" + String(repeating: "%CC%81", count: 1_500)
            for path in [
                "/integrations/psa/tickets/search?q=", "/users?search=", "/audit?target=", "/tenants?search=",
                "/webex/rooms?q=",
            ] {
                #expect(try await patchbay.api(.GET, path + marks).status == 400, "\(path)")
            }
            #expect(try await Self.record(of: patchbay).bytes == before.bytes)
        }
    }

    @Test(
        "300 refused requests of a viewer become ten audit entries with shortened paths",
        arguments: TestDatabase.oneEngine)
    func refusals(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let viewer = patchbay.api.with(key: try await patchbay.key(of: patchbay.person(.viewer)))
            let before = try await Self.record(of: patchbay)
            let path = "/api-keys/" + String(repeating: "9", count: 5_000)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<300 { group.addTask { try await viewer(.DELETE, path).status } }
                for try await status in group { #expect(status == 403) }
            }
            let after = try await Self.record(of: patchbay)
            // Twice as many if a new minute began in between.
            #expect((10...22).contains(after.entries - before.entries))
            #expect(after.bytes - before.bytes < 22 * 1_000)
        }
    }

    @Test("A wrong key, a missing token and invalid values are logged")
    func logged() async throws {
        try await RunningPatchbay.run(.sqlite) { patchbay in
            let stranger = patchbay.api.with(key: "pb_0123456789abcdefghijklmnopqrstuvwxyz")
            for _ in 0..<30 { #expect(try await stranger(.GET, "/users?search=secret").status == 401) }
            let browser = Browser(base: patchbay.api.base)
            try await browser.signIn(try await patchbay.person(.admin), People.password)
            #expect(try await browser.send(.POST, "/rules/new", Data("board_id=1".utf8)).status == 403)
            #expect(try await patchbay.api(.PATCH, "/config", ["max_message_length": 1]).status == 422)
            #expect(try await patchbay.api(.GET, "/notifiers/rules/0").status == 404)
            func lines(_ code: String) -> [String] {
                patchbay.log.value.filter { $0.contains("request refused") && $0.contains("\"code\": \(code)") }
            }
            // Twice as many if a new minute began in between.
            #expect((10...20).contains(lines("unauthorized").count))
            let first = try #require(lines("unauthorized").first)
            #expect(first.hasPrefix("notice"))
            // In any order, and without the query.
            #expect(first.contains("\"path\": /api/v1/users"))
            #expect(first.contains("\"address\": 127.0.0.1"))
            #expect(!first.contains("secret"))
            #expect(lines("csrf").count == 1)
            #expect(lines("csrf").first?.contains("/rules/new") == true)
            #expect(lines("validation_failed").count == 1)
            #expect(lines("not_found").count == 1)
        }
    }

    @Test("Visitors cannot choose the address that is counted and recorded", arguments: TestDatabase.oneEngine)
    func addresses(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let email = try await patchbay.person(.viewer)
            for hop in ["<b>=cmd</b>", "198.51.100.7, <b>", "unknown"] {
                let browser = Browser(base: patchbay.api.base, headers: ["X-Forwarded-For": hop])
                #expect(try await browser.signIn(email, "guess guess guess").status == 422)
            }
            let addresses: [String] = try await patchbay.database.read { db in
                try db.all("SELECT DISTINCT address FROM audit_entries WHERE action = 'sign_in.create'").map {
                    try $0["address"]
                }
            }
            #expect(addresses == ["127.0.0.1"])
            // All addresses in one IPv6 network count as one, so the sixth has to wait.
            for number in 1...6 {
                let browser = Browser(
                    base: patchbay.api.base, headers: ["X-Forwarded-For": "2001:db8:0:9:\(number)::1"])
                #expect(try await browser.signIn(email, "guess guess guess").status == (number < 6 ? 422 : 429))
            }
        }
    }

    @Test("A browser that signed in before is recognized, and its cookie grants nothing")
    func browsers() async throws {
        try await RunningPatchbay.run(.sqlite) { patchbay in
            let email = try await patchbay.person(.viewer)
            let browser = Browser(base: patchbay.api.base)
            #expect(try await browser.signIn(email, "guess guess guess").status == 422)
            #expect(await browser.cookie("patchbay-browser") == nil)
            #expect(try await browser.signIn(email, People.password).status == 303)
            let note = try #require(await browser.cookie("patchbay-browser"))
            #expect(!note.contains(email))
            let other = Browser(base: patchbay.api.base)
            await other.plant("patchbay-browser", note)
            await other.plant("patchbay", note)
            #expect(try await other.get("/rules").status == 303)
        }
    }

    /// The size of the audit log.
    private static func record(of patchbay: RunningPatchbay) async throws -> (entries: Int, bytes: Int) {
        try await patchbay.database.read { db in
            let row = try db.first(
                """
                SELECT COUNT(*) AS n, COALESCE(SUM(length(actor) + length(target) + length(COALESCE(address, ''))
                    + length(COALESCE(after_value, ''))), 0) AS bytes FROM audit_entries
                """)
            return (try row?["n"] ?? 0, try row?["bytes"] ?? 0)
        }
    }
}

extension RunningPatchbay {
    fileprivate func count(_ sql: SQL) async throws -> Int {
        try await database.read { try $0.first(sql)?["n"] ?? 0 }
    }
}

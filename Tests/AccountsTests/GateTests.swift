import API
import Database
import Foundation
import Hummingbird
import Server
import Synchronization
import TestSupport
import Testing
import WebSupport

@testable import Accounts

/// What the gate makes of requests that come twice, on one database with one clock.
@Suite("Gate")
struct GateTests {
    /// Somebody who asks one route, which does what the test says.
    private struct Asker: Sendable {
        let database: Database
        let clock: TestClock
        let gate: Gate
        let user: User.ID
        let organization: Organization.ID
        let calls = MutexBox(0)

        init(_ database: Database) async throws {
            let clock = TestClock()
            self.database = database
            self.clock = clock
            (user, organization) = try await database.user("asker@example.com", .superAdmin)
            gate = Gate(
                database: database, keys: APIKeyStore(database: database), signIns: SignIns(database: database),
                cookie: SignInCookie(publicURL: "http://localhost")
            ) { clock.now }
        }

        /// - Parameters:
        ///   - records: whether what the handler does is committed, with its entry in the audit log.
        ///   - then: what happens behind that.
        func ask(
            _ key: String? = "key", body: String = "{}", of other: Organization.ID? = nil, flag: FeatureFlag? = nil,
            limit: RateLimit? = nil, records: Bool = true, before: @escaping @Sendable () async throws -> Void = {},
            then: @escaping @Sendable () throws -> Void = {}
        ) async throws -> (status: Int, body: String, headers: HTTPFields) {
            let (database, calls, clock) = (database, calls, clock)
            let route = Route(.post, "/things", .viewer, "Makes", gives: .nothing, flag: flag, limit: limit) {
                request in
                calls.change { $0 += 1 }
                let number = calls.value
                try await before()
                if records {
                    try await database.write { db in
                        try request.record("thing.create", on: "thing \(number)", now: clock.now, in: db)
                    }
                }
                try then()
                return .json(["thing": number], status: .created)
            }
            let request = SignedInRequest(
                principal: Principal(
                    user: user, organization: other ?? organization, email: "asker@example.com", role: .superAdmin,
                    home: organization, means: .signIn(1)),
                address: nil, parameters: [:], queryItems: [:], readBody: { Data(body.utf8) })
            let response = try await gate.perform(route, request, path: "/api/v1/things", once: key)
            return (response.status.code, String(decoding: try await response.bytes(), as: UTF8.self), response.headers)
        }

        /// The code with which a request is refused.
        func refusal(_ ask: () async throws -> Any) async throws -> String? {
            do {
                _ = try await ask()
                return nil
            } catch let problem as Problem {
                return problem.code
            }
        }

        func recorded() async throws -> Int {
            try await database.count("SELECT COUNT(*) AS id FROM audit_entries WHERE action = 'thing.create'")
        }
    }

    private static func run(_ engine: Engine, _ body: (Asker) async throws -> Void) async throws {
        try await TestDatabase.with(engine, migrations: accounts) { try await body(Asker($0)) }
    }

    @Test("An answer with a secret is never kept, whatever the route says", arguments: TestDatabase.engines)
    func secrets(engine: Engine) async throws {
        struct Answer: Codable {
            let secret: SecretText
        }
        try await Self.run(engine) { asker in
            let route = Route(.post, "/things/{id}/rotate-secret", .viewer, "Rotates", gives: .one(Answer.self)) {
                request in
                try await asker.database.write { db in
                    try request.record(
                        "thing.rotate_secret", on: "thing 1", after: Answer(secret: SecretText("whsec_bW9ua2V5")),
                        now: asker.clock.now, in: db)
                }
                return .json(Answer(secret: SecretText("whsec_bW9ua2V5")))
            }
            func rotate() async throws -> Response {
                let request = SignedInRequest(
                    principal: Principal(
                        user: asker.user, organization: asker.organization, email: "asker@example.com",
                        role: .superAdmin, means: .signIn(1)),
                    address: nil, parameters: [:], queryItems: [:], readBody: { Data("{}".utf8) })
                return try await asker.gate.perform(route, request, path: "/api/v1/things/1", once: "key")
            }
            #expect(String(decoding: try await rotate().bytes(), as: UTF8.self).contains("whsec_bW9ua2V5"))
            #expect(try await asker.refusal { try await rotate() } == "answer_not_kept")
            let kept = try await asker.database.read { try $0.all("SELECT * FROM repeated_requests") }
            #expect(try kept.map { try $0["done"] as Bool } == [true])
            #expect(try kept.allSatisfy { try $0["body"] as [UInt8]? == nil })
            #expect(
                try await asker.database.read { db in
                    try db.all("SELECT after_value FROM audit_entries").map { try $0["after_value"] as String? }
                } == [#"{"secret":null}"#])
        }
    }

    @Test("What is too long in path or query is refused before anything is done")
    func lengths() async throws {
        try await Self.run(.sqlite) { asker in
            let route = Route(
                .get, "/things/{id}", .viewer, "Shows", query: [QueryParameter("q", longest: 10)], gives: .nothing
            ) { _ in Response(status: .noContent) }
            func code(_ parameters: [String: String], _ query: [String: String]) async throws -> String? {
                let request = SignedInRequest(
                    principal: Principal(
                        user: asker.user, organization: asker.organization, email: "a", role: .viewer,
                        means: .signIn(1)),
                    address: nil, parameters: parameters, queryItems: query, readBody: { Data() })
                return try await asker.refusal { try await asker.gate.perform(route, request, path: "/x", once: nil) }
            }
            let marks = "e" + String(repeating: "\u{301}", count: 300)
            for (id, query, expected) in [
                ("1", ["q": "0123456789"], nil), ("1", ["q": "0123456789a"], "bad_request"),
                ("1", ["q": marks], "bad_request"), ("1", ["other": marks], "bad_request"), (marks, [:], "not_found"),
            ] as [(String, [String: String], String?)] {
                let found = try await code(["id": id], query)
                #expect(found == expected, "\(query)")
            }
        }
    }

    @Test("What failed before anything was done frees its key, whatever the error", arguments: TestDatabase.engines)
    func freed(engine: Engine) async throws {
        try await Self.run(engine) { asker in
            await #expect(throws: DatabaseError.busy("x")) {
                try await asker.ask(before: { throw DatabaseError.busy("x") })
            }
            await #expect(throws: CancellationError.self) {
                try await asker.ask(before: { throw CancellationError() })
            }
            let done = try await asker.ask()
            #expect(done.status == 201)
            #expect(asker.calls.value == 3)
            #expect(try await asker.ask().body == done.body)
            #expect(try await asker.recorded() == 1)
        }
    }

    @Test("What was done before an error is not done again", arguments: TestDatabase.engines)
    func doneAlready(engine: Engine) async throws {
        try await Self.run(engine) { asker in
            await #expect(throws: DatabaseError.unavailable("x")) {
                try await asker.ask(then: { throw DatabaseError.unavailable("x") })
            }
            let soon = try await asker.refusal { try await asker.ask() }
            #expect(soon == "answer_not_kept")
            asker.clock.advance(by: .seconds(3_600))
            #expect(try await asker.refusal { try await asker.ask() } == "answer_not_kept")
            #expect(try await asker.recorded() == 1)
            // A refusal after the fact is the answer.
            let refused: @Sendable () throws -> Void = { throw Problem.conflict(code: "refused", "After the fact.") }
            #expect(try await asker.refusal { try await asker.ask("other", then: refused) } == "refused")
            #expect(try await asker.refusal { try await asker.ask("other") } == "refused")
            #expect(try await asker.recorded() == 2)
        }
    }

    @Test(
        "A dead process's key is free after a minute; a request that was overtaken does nothing",
        arguments: TestDatabase.engines)
    func lease(engine: Engine) async throws {
        try await Self.run(engine) { asker in
            let slow = try await asker.refusal {
                try await asker.ask(before: {
                    // Meanwhile the caller gave up and comes again, and again.
                    let soon = try await asker.refusal { try await asker.ask() }
                    asker.clock.advance(by: .seconds(61))
                    let later = try await asker.ask()
                    #expect(soon == "in_progress")
                    #expect(later.status == 201)
                })
            }
            #expect(slow == "in_progress")
            #expect(try await asker.recorded() == 1)
            #expect(try await asker.ask().body.contains("2"))
        }
    }

    @Test("A key belongs to an organization as well", arguments: TestDatabase.engines)
    func organizations(engine: Engine) async throws {
        try await Self.run(engine) { asker in
            let other = try await asker.database.user("far@example.com", .owner).organization
            let (here, there) = (try await asker.ask(), try await asker.ask(of: other))
            #expect(here.body != there.body)
            #expect(asker.calls.value == 2)
            #expect(try await asker.ask(of: other).body == there.body)
        }
    }

    @Test("A repetition is answered before flag and limit are looked at", arguments: TestDatabase.engines)
    func aRepetitionComesFirst(engine: Engine) async throws {
        try await Self.run(engine) { asker in
            let limit = RateLimit("things", calls: 1)
            func ask(_ key: String) async throws -> (status: Int, body: String, headers: HTTPFields) {
                try await asker.ask(key, flag: .connectWise, limit: limit)
            }
            let first = try await ask("one")
            #expect(first.headers[.rateLimit] == "\"things\";r=0;t=60")
            #expect(try await ask("one").body == first.body)
            #expect(try await asker.refusal { try await ask("two") } == "rate_limited")
            // Refused for the limit: not done, so the key is free.
            asker.clock.advance(by: .seconds(61))
            #expect(try await ask("two").status == 201)
            try await asker.database.write { db in
                try FeatureFlagStore.set(.connectWise, to: false, for: asker.organization, in: db)
            }
            #expect(try await ask("one").body == first.body)
            #expect(try await asker.refusal { try await ask("three") } == "feature_disabled")
        }
    }

    @Test("Refusals also say how many calls are left", arguments: TestDatabase.engines)
    func fieldsOfRefusals(engine: Engine) async throws {
        try await Self.run(engine) { asker in
            do {
                _ = try await asker.ask(
                    nil, limit: RateLimit("things", calls: 3), before: { throw Problem.notFound("thing") })
                Issue.record("nothing was refused")
            } catch let problem as Problem {
                #expect(problem.headers[.rateLimit] == "\"things\";r=2;t=60")
                #expect(problem.headers[.rateLimitPolicy] == "\"things\";q=3;w=60")
            }
        }
    }

    @Test(
        "Older keys belong to the user's organization, and those without an answer count as done",
        arguments: TestDatabase.engines)
    func migration(engine: Engine) async throws {
        let former = Array(Installation.migrations.prefix(13))
        try await TestDatabase.with(engine, migrations: former) { database in
            let (user, organization) = try await database.user("old@example.com", .viewer)
            for (name, status) in [("answered", 201), ("lost", nil)] {
                try await database.run(
                    """
                    INSERT INTO repeated_requests (user_id, name, fingerprint, status, created_at)
                    VALUES (\(user), \(name), \([UInt8(1)]), \(orNull: status), 7)
                    """)
            }
            for statement in Installation.migrations[13].statements { try await database.run(statement) }
            let rows = try await database.read { db in
                try db.all("SELECT * FROM repeated_requests ORDER BY name").map { row in
                    (
                        name: try row["name"] as String, organization: try row["organization_id"] as Organization.ID,
                        status: try row["status"] as Int?, isDone: try row["done"] as Bool
                    )
                }
            }
            #expect(rows.map(\.name) == ["answered", "lost"])
            #expect(rows.map(\.status) == [201, nil])
            #expect(rows.allSatisfy { $0.organization == organization && $0.isDone })
        }
    }
}

import API
import Database
import Foundation
import Sealing
import Server
import TestSupport
import Testing
import WebSupport

@testable import Accounts

/// What strangers can make us keep or do.
@Suite("Bounds", .timeLimit(.minutes(10)))
struct BoundsTests {
    @Test("A NUL in an e-mail leaves nothing, and is no way around waits", arguments: TestDatabase.engines)
    func nul(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            _ = try await identity.person("anna@example.com")
            for email in ["an\0na@example.com", "anna@example.com\0", "\0anna@example.com", "b\u{1}@example.com"] {
                await #expect(throws: PasswordSignIn.Refusal.wrongCredentials) {
                    _ = try await identity.passwordSignIn.withPassword(
                        email: email, password: Identity.password, from: identity.visitor(), replacing: nil)
                }
            }
            #expect(try await identity.database.count("SELECT COUNT(*) AS id FROM throttles") == 0)
            #expect(try await identity.database.count("SELECT COUNT(*) AS id FROM sign_ins") == 0)
            // Whatever gets into an entry, it is hashed as it is stored.
            try await identity.database.write { db in
                try AuditLog.record(
                    "test.nul", on: "a\0b", by: Actor(user: nil, name: "c\0d", authMethod: "e\0", address: "f\0"),
                    of: .installation, after: ["g\0": "h\0"], now: Date(), in: db)
            }
            #expect(try await AuditLog.verify(in: identity.database).faults.isEmpty)
        }
    }

    @Test("A megabyte as e-mail, password or code leaves nothing", arguments: TestDatabase.engines)
    func megabytes(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            _ = try await identity.person("anna@example.com")
            let megabyte = String(repeating: "x", count: 1 << 20)
            // One character of a megabyte is as long.
            let marks = "a" + String(repeating: "\u{301}", count: 1 << 19)
            for (email, password) in [
                (megabyte, "x"), (marks, "x"), (String(repeating: "x", count: 255), "x"),
                ("anna@example.com", megabyte), ("anna@example.com", marks),
            ] {
                await #expect(throws: PasswordSignIn.Refusal.wrongCredentials) {
                    _ = try await identity.passwordSignIn.withPassword(
                        email: email, password: password, from: identity.visitor(), replacing: nil)
                }
            }
            let (token, live) = try await identity.enter("anna@example.com")
            await #expect(throws: PasswordSignIn.Refusal.wrongCode) {
                _ = try await identity.passwordSignIn.withCode(megabyte, in: live, token, from: identity.visitor())
            }
            #expect(try await identity.database.count("SELECT COUNT(*) AS id FROM throttles") == 0)
            let refused = "SELECT COUNT(*) AS id FROM audit_entries WHERE result = 'refused'" as SQL
            #expect(try await identity.database.count(refused) == 0)
        }
    }

    @Test("Of 400 codes at once as many are looked at as are free", arguments: TestDatabase.engines)
    func codesAtOnce(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            _ = try await identity.person("anna@example.com")
            let (_, first) = try await identity.enter("anna@example.com")
            _ = try await identity.setUp(first)
            let (token, live) = try await identity.enter("anna@example.com")
            let refusals = await atOnce(400) { number in
                // Half of them as recovery codes.
                let code = number % 2 == 0 ? "wrong-\(number)" : "00000\(number % 10)x"
                _ = try await identity.passwordSignIn.withCode(code, in: live, token, from: identity.visitor())
            }
            #expect(refusals.count == 400)
            #expect(refusals.count { $0 == .wrongCode } == 5)
            #expect(refusals.count { $0 == .wait(.seconds(2)) } == 395)
        }
    }

    @Test("Of 100 passwords at once as many are looked at as are free", arguments: TestDatabase.engines)
    func passwordsAtOnce(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            _ = try await identity.person("anna@example.com")
            let refusals = await atOnce(100) { number in
                _ = try await identity.passwordSignIn.withPassword(
                    email: "anna@example.com", password: "guess guess guess \(number)", from: identity.visitor(),
                    replacing: nil)
            }
            #expect(refusals.count == 100)
            #expect(refusals.count { $0 == .wrongCredentials } == 5)
        }
    }

    @Test("What succeeds is not counted, and keeps no failures of others remembered", arguments: TestDatabase.engines)
    func givenBack(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            _ = try await identity.person("anna@example.com")
            func failures() async throws -> [Int] {
                try await identity.database.read { db in
                    try db.all("SELECT failures FROM throttles ORDER BY name").map { try $0["failures"] }
                }
            }
            _ = try await identity.enter("anna@example.com")
            #expect(try await failures() == [])
            await #expect(throws: PasswordSignIn.Refusal.wrongCredentials) {
                _ = try await identity.passwordSignIn.withPassword(
                    email: "anna@example.com", password: "guess guess guess", from: identity.visitor(), replacing: nil)
            }
            identity.clock.advance(by: .seconds(3_000))
            _ = try await identity.enter("anna@example.com")
            // The account as a whole and the address; what was counted for both together is forgotten.
            #expect(try await failures() == [1, 1])
            identity.clock.advance(by: .seconds(1_000))
            try await identity.signIns.forgetEnded()
            #expect(try await failures() == [])
        }
    }

    @Test("All addresses of one IPv6 network are one", arguments: TestDatabase.engines)
    func networks(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            _ = try await identity.person("anna@example.com")
            func attempt(_ address: String) async throws {
                _ = try await identity.passwordSignIn.withPassword(
                    email: "anna@example.com", password: "guess guess guess", from: identity.visitor(address),
                    replacing: nil)
            }
            for host in 1...5 {
                await #expect(throws: PasswordSignIn.Refusal.wrongCredentials) {
                    try await attempt("2001:db8:1:2:\(host)::7")
                }
            }
            await #expect(throws: PasswordSignIn.Refusal.wait(.seconds(2))) { try await attempt("2001:db8:1:2::6") }
            await #expect(throws: PasswordSignIn.Refusal.wrongCredentials) { try await attempt("2001:db8:1:3::6") }
        }
    }

    @Test("A browser in which the account signed in before gets in while strangers take all places")
    func places() async throws {
        try await Identity.run(.sqlite) { identity in
            _ = try await identity.person("anna@example.com")
            let note = try #require(identity.passwordSignIn.browserNote(for: " Anna@Example.com"))
            func enter(_ email: String, browser: String?) async throws {
                _ = try await identity.passwordSignIn.withPassword(
                    email: email, password: Identity.password,
                    from: Visitor(address: "192.0.2.1", agent: nil, browser: browser), replacing: nil)
            }
            let (hall, signInOptions) = (AsyncStream.makeStream(of: Void.self), AsyncStream.makeStream(of: Void.self))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<PasswordHashing.places {
                    group.addTask {
                        try await identity.hashing.withPlace(for: .stranger(network: "n\(number)")) { _ in
                            hall.continuation.yield()
                            for await _ in signInOptions.stream { break }
                        }
                    }
                }
                var arrived = 0
                for await _ in hall.stream {
                    arrived += 1
                    if arrived == PasswordHashing.places { break }
                }
                await #expect(throws: PasswordSignIn.Refusal.busy) { try await enter("anna@example.com", browser: nil) }
                await #expect(throws: PasswordSignIn.Refusal.busy) {
                    try await enter("anna@example.com", browser: note + "x")
                }
                // The note is for one account only.
                await #expect(throws: PasswordSignIn.Refusal.busy) { try await enter("eve@example.com", browser: note) }
                await #expect(throws: Never.self) { try await enter("anna@example.com", browser: note) }
                identity.clock.advance(by: .seconds(181 * 86_400))
                await #expect(throws: PasswordSignIn.Refusal.busy) {
                    try await enter("anna@example.com", browser: note)
                }
                signInOptions.continuation.finish()
                try await group.waitForAll()
            }
            await #expect(throws: Never.self) { try await enter("anna@example.com", browser: nil) }
        }
    }

    @Test("One network cannot take all places of strangers")
    func placesOfNetwork() async throws {
        let hashing = PasswordHashing()
        func nest(_ depth: Int) async throws {
            guard depth > 0 else { return }
            try await hashing.withPlace(for: .stranger(network: "a")) { _ in try await nest(depth - 1) }
        }
        await #expect(throws: Never.self) { try await nest(PasswordHashing.placesOfNetwork) }
        await #expect(throws: PasswordSignIn.Refusal.busy) { try await nest(PasswordHashing.placesOfNetwork + 1) }
        await #expect(throws: Never.self) { try await nest(PasswordHashing.placesOfNetwork) }
    }

    /// Does it so many times at once.
    /// - Returns: the refusals.
    private func atOnce(
        _ times: Int, _ body: @escaping @Sendable (Int) async throws -> Void
    ) async -> [PasswordSignIn.Refusal] {
        await withTaskGroup(of: PasswordSignIn.Refusal?.self) { group in
            for number in 0..<times {
                group.addTask {
                    do {
                        try await body(number)
                        return nil
                    } catch {
                        return error as? PasswordSignIn.Refusal
                    }
                }
            }
            return await group.reduce(into: []) { refusals, refusal in if let refusal { refusals.append(refusal) } }
        }
    }
}

@Suite("Bounds of the record")
struct RecordBoundsTests {
    @Test("300 refusals of one caller are ten entries and one that counts the others", arguments: TestDatabase.engines)
    func refusals(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            let (user, organization) = try await identity.person("vera@example.com", .viewer)
            let gate = Gate(
                database: identity.database, keys: APIKeyStore(database: identity.database),
                signIns: identity.signIns,
                cookie: SignInCookie(publicURL: "http://localhost"), now: { identity.clock.now })
            let actor = Actor(user: user, name: "vera@example.com", authMethod: "key 1", address: "192.0.2.1")
            func refuse(_ times: Int, by actor: Actor, of organization: Organization.ID) async throws {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<times {
                        group.addTask {
                            try await identity.database.write { db in
                                try AuditLog.record(
                                    "access.refused", on: "GET /\(number)" + String(repeating: "p", count: 9_000),
                                    by: actor, of: organization, result: .refused, now: identity.clock.now, in: db)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
            try await refuse(300, by: actor, of: organization)
            // Whoever has no account is one caller with all others who have none.
            for number in 0..<15 {
                let stranger = Actor(
                    user: nil, name: "s\(number)", authMethod: "sign_in", address: "198.51.100.\(number)")
                try await refuse(1, by: stranger, of: .installation)
            }
            #expect(try await identity.audit(organization).count == 10)
            #expect(try await identity.audit(organization).allSatisfy { $0.target.utf8.count <= 254 })
            try await gate.forget()
            #expect(try await identity.audit(organization).count == 10)
            identity.clock.advance(by: .seconds(61))
            try await gate.forget()
            try await gate.forget()
            let record = try await identity.audit(organization)
            #expect(record.count == 11)
            #expect(record.last?.target == "290 more in one minute")
            #expect(record.last?.actor == "vera@example.com")
            #expect(record.last?.after == #"{"count":290}"#)
            #expect(record.last?.result == .refused)
            let strangers = try await identity.audit(.installation)
            #expect(strangers.count == 11)
            #expect(strangers.last?.target == "5 more in one minute")
            // The next minute begins again; without housekeeping the next refusal sums up.
            try await refuse(12, by: actor, of: organization)
            identity.clock.advance(by: .seconds(61))
            try await refuse(1, by: actor, of: organization)
            #expect(try await identity.audit(organization).map(\.target).filter { $0.contains("more") }.count == 2)
            let (_, faults) = try await AuditLog.verify(in: identity.database)
            #expect(faults.isEmpty)
            #expect(try await identity.database.count("SELECT COUNT(*) AS id FROM refusal_counts") == 1)
        }
    }

    @Test("Every field of an entry is cut, and secrets are left out", arguments: TestDatabase.engines)
    func fields(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            let (user, organization) = try await identity.person("vera@example.com", .viewer)
            let long = String(repeating: "é\u{301}\u{302}", count: 100_000)
            let actor = Actor(user: user, name: long, authMethod: long, address: long)
            struct Value: Codable {
                let name: String
                let secret: SecretText
            }
            try await identity.database.write { db in
                try AuditLog.record(
                    long, on: long, by: actor, of: organization,
                    before: Value(name: long, secret: SecretText("whsec_1")),
                    after: Value(name: "n", secret: SecretText("whsec_2")), now: identity.clock.now, in: db)
            }
            let entry = try #require(try await identity.audit(organization).first)
            for text in [entry.action, entry.target, entry.actor, entry.authMethod, entry.address ?? ""] {
                #expect(text.utf8.count <= 254)
                #expect(!text.isEmpty)
            }
            let before = try #require(entry.before)
            #expect(before.utf8.count <= 16_384)
            #expect((try? JSONSerialization.jsonObject(with: Data(before.utf8))) != nil)
            #expect(entry.after == #"{"name":"n","secret":null}"#)
            let (_, faults) = try await AuditLog.verify(in: identity.database)
            #expect(faults.isEmpty)
        }
    }

    @Test("What was kept of secrets goes, and names are as long as they may be", arguments: TestDatabase.engines)
    func migration(engine: Engine) async throws {
        let former = Array(Installation.migrations.prefix(17))
        try await TestDatabase.with(engine, migrations: former) { database in
            let (user, organization) = try await database.user("anna@example.com", .admin)
            let long = String(repeating: "ü", count: 900_000)
            try await database.write { db in
                for (name, body) in [
                    ("rotated", #"{"id":1,"secret":"whsec_c2VjcmV0"}"#), ("made", #"{"id":1,"key":"pb_1_abc"}"#),
                    ("rule", #"{"id":1,"name":"whsec"}"#),
                ] {
                    try db.execute(
                        """
                        INSERT INTO repeated_requests (
                            user_id, organization_id, name, fingerprint, holder, held_until, done, status, body,
                            created_at)
                        VALUES (
                            \(user), \(organization), \(name), \([UInt8]([1])), 1, 0, 1, 200, \(Array(body.utf8)), 0)
                        """)
                }
                // As long as an index of PostgreSQL holds.
                let name = String(repeating: "ü", count: 1_000)
                for number in 1...2 {
                    try db.execute(
                        """
                        INSERT INTO tenants (organization_id, name, name_key, created_at)
                        VALUES (\(organization), \(name + "\(number)"), \(name + "\(number)"), 0)
                        """)
                }
                try db.execute("UPDATE users SET name = \(long)")
                try db.execute(
                    """
                    INSERT INTO throttles (name, failures, failed_at) VALUES (\("account:" + name), 1, 0),
                        ('account:short', 1, 0)
                    """)
            }
            _ = try await database.migrate(Array(Installation.migrations.prefix(18)))
            let kept = try await database.read { db in
                try db.all("SELECT name, body, status, done FROM repeated_requests ORDER BY name")
            }
            #expect(try kept.map { try $0["body"] as [UInt8]? == nil } == [true, true, false])
            #expect(try kept.map { try $0["status"] as Int? } == [nil, nil, 200])
            #expect(try kept.allSatisfy { try $0["done"] == true })
            let names: [String] = try await database.read { db in
                try db.all("SELECT name FROM tenants UNION ALL SELECT name FROM users").map { try $0["name"] }
            }
            #expect(names.count == 3)
            #expect(Set(names).count >= 2)
            #expect(names.allSatisfy { $0.unicodeScalars.count <= 100 && $0.utf8.starts(with: "üü".utf8) })
            #expect(try await database.count("SELECT COUNT(*) AS id FROM throttles") == 1)
        }
    }
}

@Suite("Ways to identity providers")
struct WayTests {
    @Test(
        "A way is opened by its own state within ten minutes, and leads to one session", arguments: TestDatabase.engines
    )
    func once(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: accounts) { database in
            let (sealer, now) = (try Sealer([Secret.generate()]), Date(timeIntervalSince1970: 1_800_000_000))
            let attempt = AuthenticationRequest(to: 7, destination: "/tickets/1?x=é", now: now)
            let cookie = try #require(attempt.sealed(by: sealer))
            #expect(cookie.utf8.allSatisfy { $0 > 32 && $0 < 127 && ![34, 44, 59, 92].contains($0) })
            let open = try #require(
                AuthenticationRequest.open(cookie, state: attempt.state, by: sealer, now: now + 599))
            #expect(open.provider == 7)
            #expect(open.destination == "/tickets/1?x=é")
            #expect(open.nonce == attempt.nonce)
            #expect(AuthenticationRequest.open(cookie, state: attempt.state, by: sealer, now: now + 601) == nil)
            #expect(AuthenticationRequest.open(cookie, state: "", by: sealer, now: now) == nil)
            #expect(AuthenticationRequest.open(cookie, state: attempt.nonce, by: sealer, now: now) == nil)
            #expect(AuthenticationRequest.open("", state: "", by: sealer, now: now) == nil)
            #expect(
                AuthenticationRequest.open(cookie, state: attempt.state, by: try Sealer([Secret.generate()]), now: now)
                    == nil)
            let note = try #require(KnownBrowsers(sealer: sealer).note(for: "a", now: now))
            #expect(AuthenticationRequest.open(note, state: "", by: sealer, now: now) == nil)
            let uses = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<8 { group.addTask { try await database.write { try open.use(now: now, in: $0) } } }
                return try await group.reduce(into: 0) { if $1 { $0 += 1 } }
            }
            #expect(uses == 1)
        }
    }

    @Test("The longest sign-in request fits into a cookie; longer ones return to the dashboard")
    func size() throws {
        let sealer = try Sealer([Secret.generate()])
        // Only printable ASCII comes so far; slashes and quotation marks are written with a backslash.
        let longest = "/tickets?q=" + String(repeating: "x", count: 1_489)
        for (destination, kept) in [(longest, longest), (longest + "x", "/")] {
            let attempt = AuthenticationRequest(
                to: .init(Int64.max), destination: destination, now: Date(timeIntervalSince1970: 1e10 / 3))
            let cookie = try #require(attempt.sealed(by: sealer))
            #expect(cookie.utf8.count <= 4_096 - 200)
            #expect(
                AuthenticationRequest.open(cookie, state: attempt.state, by: sealer, now: attempt.began)?.destination
                    == kept)
        }
    }
}

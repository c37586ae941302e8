import API
import Database
import Foundation
import Sealing
import TestSupport
import Testing
import WebSupport

@testable import Accounts

@Suite("Signing in")
struct SignInTests {
    @Test(
        "The right password signs in; a wrong one, another user's or an unknown user does not",
        arguments: TestDatabase.engines)
    func passwords(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            let (user, organization) = try await identity.person("Anna@Example.com")
            let (_, live) = try await identity.enter(" anna@example.COM ")
            #expect(live.user == user)
            #expect(live.duty == nil)
            #expect(live.principal.role == .engineer)
            for (email, password) in [
                ("anna@example.com", "corvid lantern oatmeal 8"), ("anna@example.com", ""),
                ("nobody@example.com", Identity.password), ("", Identity.password),
            ] {
                await #expect(throws: PasswordSignIn.Refusal.wrongCredentials) {
                    _ = try await identity.passwordSignIn.withPassword(
                        email: email, password: password, from: identity.visitor(), replacing: nil)
                }
            }
            try await identity.database.run("UPDATE users SET active = 0")
            await #expect(throws: PasswordSignIn.Refusal.wrongCredentials) {
                _ = try await identity.enter("anna@example.com")
            }
            let record = try await identity.audit(organization).filter { $0.action == "sign_in.create" }
            #expect(record.map(\.result) == [.done, .refused, .refused, .refused])
            #expect(record.allSatisfy { $0.address == "192.0.2.1" && $0.before == nil && $0.after == nil })
            // Names that belong to nobody are on the installation's record.
            #expect(try await identity.audit(.installation).count == 2)
        }
    }

    @Test("An unknown account costs as much time as a known one")
    func sameTime() async throws {
        try await Identity.run(.sqlite) { identity in
            _ = try await identity.person("anna@example.com")
            func time(_ email: String) async -> Duration {
                await ContinuousClock().measure {
                    _ = try? await identity.passwordSignIn.withPassword(
                        email: email, password: "wrong wrong wrong", from: identity.visitor(), replacing: nil)
                }
            }
            _ = await time("warm@example.com")
            // The quickest of three each, in turns: other tests run at the same time.
            var (known, unknown) = (Duration.seconds(3_600), Duration.seconds(3_600))
            for number in 1...3 {
                known = min(known, await time("anna@example.com"))
                unknown = min(unknown, await time("nobody\(number)@example.com"))
            }
            // Both hash once; without it the unknown one would take a hundredth of the time.
            #expect(unknown > known / 8, "\(known) \(unknown)")
            #expect(known > unknown / 8, "\(known) \(unknown)")
        }
    }

    @Test("A new session has a new token, and the planted one ends", arguments: TestDatabase.engines)
    func fixation(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            _ = try await identity.person("anna@example.com")
            let (planted, _) = try await identity.enter("anna@example.com")
            let token = try await identity.passwordSignIn.withPassword(
                email: "anna@example.com", password: Identity.password, from: identity.visitor(), replacing: planted)
            #expect(token != planted)
            #expect(try await identity.signIns.find(planted) == nil)
            #expect(try await identity.signIns.find(token) != nil)
            let stored: [[UInt8]] = try await identity.database.read { db in
                try db.all("SELECT token_hash FROM sign_ins").map { try $0["token_hash"] }
            }
            #expect(stored == [token.hash])
            #expect(token.text.count == 43)
        }
    }

    @Test("Guessing gets slower; others are not held up", arguments: TestDatabase.engines)
    func throttled(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            _ = try await identity.person("anna@example.com")
            func attempt(_ password: String, _ address: String) async throws -> PasswordSignIn.Refusal? {
                do {
                    _ = try await identity.passwordSignIn.withPassword(
                        email: "anna@example.com", password: password, from: identity.visitor(address), replacing: nil)
                    return nil
                } catch let refusal as PasswordSignIn.Refusal {
                    return refusal
                }
            }
            for _ in 0..<5 { #expect(try await attempt("guess guess guess", "198.51.100.9") == .wrongCredentials) }
            #expect(try await attempt(Identity.password, "198.51.100.9") == .wait(.seconds(2)))
            // Anna herself, elsewhere, does not notice.
            #expect(try await attempt(Identity.password, "192.0.2.1") == nil)
            identity.clock.advance(by: .seconds(3))
            #expect(try await attempt("guess guess guess", "198.51.100.9") == .wrongCredentials)
            #expect(try await attempt(Identity.password, "198.51.100.9") == .wait(.seconds(4)))
            identity.clock.advance(by: .seconds(5))
            #expect(try await attempt(Identity.password, "198.51.100.9") == nil)
            // Proved: it starts from nothing.
            #expect(try await attempt("guess guess guess", "198.51.100.9") == .wrongCredentials)
            #expect(try await attempt(Identity.password, "198.51.100.9") == nil)
        }
    }

    @Test("One address that tries many accounts is slowed down as well", arguments: TestDatabase.engines)
    func spraying(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            _ = try await identity.person("anna@example.com")
            try await identity.database.write { db in
                for number in 0..<30 {
                    _ = try Throttle.take(
                        [
                            .accountFrom("p\(number)@example.com", address: "198.51.100.9"), .address("198.51.100.9"),
                            .account("p\(number)@example.com"),
                        ], now: identity.clock.now, in: db)
                }
            }
            await #expect(throws: PasswordSignIn.Refusal.wait(.seconds(2))) {
                _ = try await identity.enter("anna@example.com", from: "198.51.100.9")
            }
            _ = try await identity.enter("anna@example.com")
        }
    }

    @Test("Waits grow up to a limit, which is short for an account as a whole")
    func delays() {
        let own = Throttle.Subject.accountFrom("a", address: "b")
        #expect((4...9).map { Throttle.delay(after: $0, of: own) } == [0, 2, 4, 8, 16, 32])
        #expect(Throttle.delay(after: 1_000, of: own) == 900)
        #expect(Throttle.delay(after: 10_000, of: .account("a")) == 5)
    }

    @Test("With a second factor a password alone opens nothing", arguments: TestDatabase.engines)
    func secondFactor(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            let (user, organization) = try await identity.person("anna@example.com")
            let (_, first) = try await identity.enter("anna@example.com")
            let (secret, codes) = try await identity.setUp(first)
            #expect(codes.count == 10)
            #expect(Set(codes).count == 10)
            #expect(try await identity.secondFactor.offer(to: user, email: "anna@example.com") == nil)
            let stored: String? = try await identity.database.read {
                try $0.first("SELECT totp_secret FROM users")?["totp_secret"]
            }
            #expect(stored?.hasPrefix("v1.") == true)
            #expect(stored?.contains(Base32.text(secret)) == false)

            let (token, live) = try await identity.enter("anna@example.com")
            #expect(live.duty == .enterCode)
            func prove(_ code: String) async throws -> SignInToken {
                try await identity.passwordSignIn.withCode(code, in: live, token, from: identity.visitor()).token
            }
            let present = TOTP.step(at: identity.clock.now)
            // The code that set it up was used already.
            await #expect(throws: PasswordSignIn.Refusal.wrongCode) {
                _ = try await prove(TOTP.code(secret, step: present))
            }
            // A clock five minutes off.
            await #expect(throws: PasswordSignIn.Refusal.wrongCode) {
                _ = try await prove(TOTP.code(secret, step: present + 10))
            }
            await #expect(throws: PasswordSignIn.Refusal.wrongCode) { _ = try await prove("12345") }
            let next = try await prove(" " + TOTP.code(secret, step: present + 1) + " ")
            #expect(try await identity.signIns.find(token) == nil)
            #expect(try await identity.signIns.find(next)?.duty == nil)
            // Each code once.
            let (again, _) = try await identity.enter("anna@example.com")
            await #expect(throws: PasswordSignIn.Refusal.wrongCode) {
                _ = try await identity.passwordSignIn.withCode(
                    TOTP.code(secret, step: present + 1), in: live, again, from: identity.visitor())
            }
            let recovered = try await identity.passwordSignIn.withCode(
                codes[3].uppercased(), in: live, again, from: identity.visitor())
            #expect(recovered.recoveryCodesLeft == 9)
            let (third, _) = try await identity.enter("anna@example.com")
            await #expect(throws: PasswordSignIn.Refusal.wrongCode) {
                _ = try await identity.passwordSignIn.withCode(codes[3], in: live, third, from: identity.visitor())
            }
            let actions = try await identity.audit(organization).map(\.action)
            #expect(actions.contains("second_factor.enable"))
            #expect(actions.contains("second_factor.use_recovery_code"))
        }
    }

    @Test("Guessing codes gets slower", arguments: TestDatabase.engines)
    func codes(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            _ = try await identity.person("anna@example.com")
            let (_, first) = try await identity.enter("anna@example.com")
            let (secret, _) = try await identity.setUp(first)
            let (token, live) = try await identity.enter("anna@example.com")
            for _ in 0..<5 {
                await #expect(throws: PasswordSignIn.Refusal.wrongCode) {
                    _ = try await identity.passwordSignIn.withCode("00000", in: live, token, from: identity.visitor())
                }
            }
            let right = TOTP.code(secret, step: TOTP.step(at: identity.clock.now) + 1)
            await #expect(throws: PasswordSignIn.Refusal.wait(.seconds(2))) {
                _ = try await identity.passwordSignIn.withCode(right, in: live, token, from: identity.visitor())
            }
        }
    }

    @Test("Two requests with one code: one gets in", arguments: TestDatabase.engines)
    func race(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            _ = try await identity.person("anna@example.com")
            let (_, first) = try await identity.enter("anna@example.com")
            let (secret, _) = try await identity.setUp(first)
            let code = TOTP.code(secret, step: TOTP.step(at: identity.clock.now) + 1)
            let proofs = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await identity.secondFactor.prove(code, by: first.user) != nil }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(proofs == 1)
        }
    }

    @Test(
        "A session ends when it is idle, after its longest time, and when its user goes",
        arguments: TestDatabase.engines)
    func signIns(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            let (user, organization) = try await identity.person("anna@example.com")
            let (token, _) = try await identity.enter("anna@example.com")
            identity.clock.advance(by: .seconds(7_000))
            #expect(try await identity.signIns.find(token) != nil)
            identity.clock.advance(by: .seconds(7_300))
            #expect(try await identity.signIns.find(token) == nil)
            let (busy, _) = try await identity.enter("anna@example.com")
            for _ in 0..<7 {
                identity.clock.advance(by: .seconds(6_000))
                #expect(try await identity.signIns.find(busy) != nil)
            }
            identity.clock.advance(by: .seconds(2_000))
            #expect(try await identity.signIns.find(busy) == nil)

            let (one, live) = try await identity.enter("anna@example.com")
            let (two, _) = try await identity.enter("anna@example.com", from: "192.0.2.77")
            let listed = try await identity.signIns.list(of: user)
            #expect(listed.map(\.address) == ["192.0.2.77", "192.0.2.1"])
            let actor = live.principal.actor(at: nil)
            #expect(try await identity.signIns.end(listed[0].id, of: user, by: actor, organization: organization))
            #expect(try await identity.signIns.find(two) == nil)
            let (stranger, _) = try await identity.person("eve@example.com", .owner)
            #expect(try await !identity.signIns.end(live.id, of: stranger, by: actor, organization: organization))
            try await identity.database.run("UPDATE users SET active = 0 WHERE id = \(user)")
            #expect(try await identity.signIns.find(one) == nil)
            try await identity.database.run("UPDATE users SET active = 1 WHERE id = \(user)")
            identity.clock.advance(by: .seconds(50_000))
            try await identity.signIns.forgetEnded()
            #expect(try await identity.database.count("SELECT COUNT(*) AS id FROM sign_ins") == 0)
        }
    }

    @Test("Another password ends all other sessions; a forced one is insisted on", arguments: TestDatabase.engines)
    func changes(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            let (user, _) = try await identity.person("anna@example.com")
            try await identity.database.run("UPDATE users SET must_change_password = 1")
            let (other, _) = try await identity.enter("anna@example.com")
            let (token, live) = try await identity.enter("anna@example.com")
            #expect(live.duty == .changePassword)
            func change(from old: String = Identity.password, to new: String) async throws -> SignInToken {
                try await identity.passwordSignIn.changePassword(
                    from: old, to: new, in: live, visitor: identity.visitor())
            }
            for weak in [
                "short", "aaaaaaaaaaaaaa", "password123456", "P@ssw0rd2026!!", "anna anna anna!", Identity.password,
            ] {
                await #expect(throws: PasswordObjection.self) { _ = try await change(to: weak) }
            }
            await #expect(throws: PasswordSignIn.Refusal.wrongCredentials) {
                _ = try await change(from: "wrong wrong wrong", to: "harbour violin nettle")
            }
            let next = try await change(to: "harbour violin nettle")
            #expect(try await identity.signIns.find(other) == nil)
            #expect(try await identity.signIns.find(token) == nil)
            #expect(try await identity.signIns.find(next)?.duty == nil)
            #expect(try await identity.signIns.find(next)?.user == user)
            await #expect(throws: PasswordSignIn.Refusal.wrongCredentials) {
                _ = try await identity.enter("anna@example.com")
            }
        }
    }

    @Test("An organization can require the second factor, and the server insists", arguments: TestDatabase.engines)
    func required(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            _ = try await identity.person("anna@example.com")
            try await identity.database.run("UPDATE organizations SET requires_second_factor = 1")
            let (token, live) = try await identity.enter("anna@example.com")
            #expect(live.duty == .setUpSecondFactor)
            _ = try await identity.setUp(live)
            #expect(try await identity.signIns.find(token)?.duty == nil)
        }
    }

    @Test("The look-up of a session uses its index")
    func plan() async throws {
        try await TestDatabase.with(.sqlite, migrations: accounts) { database in
            let plan = try await database.read { db in
                try db.all("EXPLAIN QUERY PLAN " + SignIns.lookUp(SignInToken.random(), now: Date())).map { row in
                    try row["detail"] as String
                }
            }
            #expect(plan.count == 4, "\(plan)")
            #expect(plan.allSatisfy { $0.hasPrefix("SEARCH") }, "\(plan)")
        }
    }
}

@Suite("Codes by time")
struct TOTPTests {
    /// RFC 6238, appendix B: the last six of the eight digits for SHA-1.
    @Test(
        "The examples of RFC 6238",
        arguments: [
            (59.0, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924"),
            (2_000_000_000, "279037"), (20_000_000_000, "353130"),
        ])
    func examples(seconds: Double, code: String) {
        let secret = Array("12345678901234567890".utf8)
        #expect(TOTP.code(secret, step: TOTP.step(at: Date(timeIntervalSince1970: seconds))) == code)
    }

    @Test("Base32 as in RFC 4648, there and back")
    func base32() {
        for (bytes, text) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foobar", "MZXW6YTBOI")] {
            #expect(Base32.text(Array(bytes.utf8)) == text)
            #expect(Base32.bytes(text.lowercased()) == Array(bytes.utf8))
        }
        #expect(Base32.bytes("1") == nil)
    }

    @Test("The address for authenticator apps")
    func uri() {
        let uri = TOTP.uri(Array("foobar".utf8), account: "a+b@example.com", issuer: "Patchbay")
        #expect(
            uri
                == "otpauth://totp/Patchbay:a%2Bb%40example%2Ecom?secret=MZXW6YTBOI&issuer=Patchbay&algorithm=SHA1&digits=6&period=30"
        )
    }

    @Test(
        "A second factor that no secret opens is explained, and a recovery code still opens",
        arguments: TestDatabase.engines)
    func lostSecret(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            _ = try await identity.person("anna@example.com")
            let (_, first) = try await identity.enter("anna@example.com")
            let codes = try await identity.setUp(first).codes
            let sealer = try Sealer([Secret.generate()])
            let other = SecondFactor(database: identity.database, sealer: sealer) { identity.clock.now }
            let signIn = PasswordSignIn(
                database: identity.database, hashing: identity.hashing, secondFactor: other, sealer: sealer
            ) { identity.clock.now }
            let (token, live) = try await identity.enter("anna@example.com")
            await #expect(throws: PasswordSignIn.Refusal.secondFactorLost) {
                _ = try await signIn.withCode("123456", in: live, token, from: identity.visitor())
            }
            #expect(
                try await signIn.withCode(codes[0], in: live, token, from: identity.visitor()).recoveryCodesLeft == 9)
        }
    }

    @Test("Recovery codes are renewed for the password only", arguments: TestDatabase.engines)
    func renewal(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            let person = try await identity.person("anna@example.com")
            let (_, live) = try await identity.enter("anna@example.com")
            let old = try await identity.setUp(live).codes
            await #expect(throws: PasswordSignIn.Refusal.wrongCredentials) {
                _ = try await identity.passwordSignIn.renewRecoveryCodes(
                    for: "guessed", in: live, visitor: identity.visitor())
            }
            #expect(try await identity.secondFactor.recoveryCodesLeft(of: person.user) == 10)
            let new = try await identity.passwordSignIn.renewRecoveryCodes(
                for: Identity.password, in: live, visitor: identity.visitor())
            #expect(Set(new).isDisjoint(with: old))
            let record = try await identity.audit(person.organization).filter {
                $0.action == "second_factor.renew_recovery_codes"
            }
            #expect(record.map(\.result) == [.refused, .done])
        }
    }
}

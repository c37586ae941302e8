import API
import Database
import Foundation
import TestSupport
import Testing
import WebSupport

@testable import Accounts

/// What ends with a role.
@Suite("Roles that get smaller")
struct VisitTests {
    private func principal(_ user: User.ID, _ organization: Organization.ID, _ role: Role) -> Principal {
        Principal(user: user, organization: organization, email: "x", role: role, means: .signIn(1))
    }

    @Test("A visit to another organization ends with the role", arguments: TestDatabase.engines)
    func visit(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            let (user, home) = try await identity.person("sam@example.com", .superAdmin)
            let (_, two) = try await identity.person("ola@second.example", .owner)
            let (token, live) = try await identity.enter("sam@example.com")
            try await identity.signIns.visit(two, in: live.id)
            #expect(try await identity.signIns.find(token)?.organization == two)
            // However it happens, also past the console.
            try await identity.database.run("UPDATE users SET role = 'admin' WHERE id = \(user)")
            #expect(try await identity.signIns.find(token)?.organization == home)
            try await identity.database.run("UPDATE sign_ins SET visiting = NULL")
            try await identity.signIns.visit(two, in: live.id)
            #expect(
                try await identity.database.count("SELECT COUNT(*) AS id FROM sign_ins WHERE visiting IS NOT NULL") == 0
            )
        }
    }

    @Test("Sign-ins end when a role gets smaller, and stay when it gets larger", arguments: TestDatabase.engines)
    func signIns(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            let (owner, organization) = try await identity.person("owner@example.com", .owner)
            let (user, _) = try await identity.person("anna@example.com", .engineer, of: organization)
            let by = principal(owner, organization, .owner)
            func change(_ role: Role) async throws {
                _ = try await identity.users.update(
                    user, to: .init(role: role), of: organization, by: by, by.actor(at: nil))
            }
            let (token, _) = try await identity.enter("anna@example.com")
            try await change(.admin)
            #expect(try await identity.signIns.find(token)?.role == .admin)
            try await change(.viewer)
            #expect(try await identity.signIns.find(token) == nil)
        }
    }

    @Test("A key limited to users creates no user with a larger reach", arguments: TestDatabase.engines)
    func limitedKeys(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            let (admin, organization) = try await identity.person("admin@example.com", .admin)
            let (other, _) = try await identity.person("anna@example.com", .engineer, of: organization)
            let (peer, _) = try await identity.person("pia@example.com", .admin, of: organization)
            let key = Principal(
                user: admin, organization: organization, email: "x", role: .admin,
                means: .key(1, KeyScopes([.scope(.users, readsOnly: false)])))
            let by = key.actor(at: nil)
            func refusal(_ body: () async throws -> Void) async throws -> UserStore.Refusal? {
                do { try await body() } catch let refusal as UserStore.Refusal { return refusal }
                return nil
            }
            func create(_ email: String, _ role: Role, _ password: String?) async throws -> UserStore.Refusal? {
                try await refusal {
                    _ = try await identity.users.create(
                        email: email, name: "N", role: role, password: password, in: organization, by: key, by)
                }
            }
            #expect(try await create("a@example.com", .admin, "corvid lantern oatmeal 7") == .roleTooLarge(.admin))
            #expect(try await create("a@example.com", .admin, nil) == .roleTooLarge(.admin))
            #expect(try await create("a@example.com", .engineer, "corvid lantern oatmeal 7") == .limitedKey)
            #expect(try await create("a@example.com", .engineer, nil) == nil)
            #expect(
                try await refusal {
                    try await identity.users.resetPassword(
                        of: other, to: "corvid lantern oatmeal 7", of: organization, by: key, by)
                } == .limitedKey)
            #expect(
                try await refusal {
                    try await identity.users.resetSecondFactor(of: other, of: organization, by: key, by)
                } == .limitedKey)
            #expect(
                try await refusal {
                    _ = try await identity.users.update(
                        other, to: .init(role: .admin), of: organization, by: key, by)
                } == .roleTooLarge(.admin))
            #expect(
                try await refusal {
                    _ = try await identity.users.update(other, to: .init(subject: ""), of: organization, by: key, by)
                } == .limitedKey)
            #expect(
                try await refusal {
                    _ = try await identity.users.update(peer, to: .init(name: "P"), of: organization, by: key, by)
                } == .roleTooLarge(.admin))
        }
    }

    @Test(
        "A key that expires creates none that expires later, and no user has more than a hundred",
        arguments: TestDatabase.engines)
    func endingKeys(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            let (user, _) = try await identity.person("anna@example.com")
            let keys = APIKeyStore(database: identity.database) { identity.clock.now }
            let end = identity.clock.now + 3_600
            let maker = try await keys.make("ending", for: user, role: .engineer, expiresAt: end).key
            #expect(
                try await keys.make("child", for: user, role: .viewer, with: maker.id).key.expiresAt == maker.expiresAt)
            let sooner = try await keys.make("child", for: user, role: .viewer, expiresAt: end - 60, with: maker.id)
            #expect(sooner.key.expiresAt != maker.expiresAt)
            await #expect(throws: APIKeyStore.Refusal.self) {
                _ = try await keys.make("child", for: user, role: .viewer, expiresAt: end + 60, with: maker.id)
            }
            let lasting = try await keys.make("lasting", for: user, role: .engineer).key
            #expect(try await keys.make("child", for: user, role: .viewer, with: lasting.id).key.expiresAt == nil)
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<110 {
                    group.addTask { _ = try? await keys.make("key \(number)", for: user, role: .viewer) }
                }
            }
            #expect(try await identity.database.count("SELECT COUNT(*) AS id FROM api_keys") == 100)
            await #expect(throws: APIKeyStore.Refusal.tooMany) {
                _ = try await keys.make("more", for: user, role: .viewer)
            }
        }
    }

    @Test("A code with a blank is taken when a second factor is set up, as at sign-in", arguments: TestDatabase.engines)
    func blanks(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            _ = try await identity.person("anna@example.com")
            let (_, live) = try await identity.enter("anna@example.com")
            let offer = try #require(try await identity.secondFactor.offer(to: live.user, email: live.email))
            let secret = try #require(Base32.bytes(offer.secret))
            let code = TOTP.code(secret, step: TOTP.step(at: identity.clock.now))
            let spaced = code.prefix(3) + "\u{00A0}" + code.suffix(3) + " "
            let codes = try await identity.secondFactor.confirm(
                String(spaced), by: live.principal.actor(at: nil), of: live.principal)
            #expect(codes?.count == RecoveryCode.count)
        }
    }

    @Test("A colon in a name does not part issuer and account in an authenticator app")
    func colons() {
        let uri = TOTP.uri([1, 2, 3], account: "a:b@example.com", issuer: "Müller: IT")
        #expect(uri.hasPrefix("otpauth://totp/M%C3%BCller%20IT:ab%40example%2Ecom?"))
        #expect(uri.contains("&issuer=M%C3%BCller%20IT&"))
    }
}

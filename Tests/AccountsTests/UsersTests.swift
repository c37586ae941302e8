import API
import Database
import Foundation
import TestSupport
import Testing
import WebSupport

@testable import Accounts

@Suite("Users")
struct UsersTests {
    private func principal(_ user: User.ID, _ organization: Organization.ID, _ role: Role) -> Principal {
        Principal(user: user, organization: organization, email: "x", role: role, means: .signIn(1))
    }

    private func refusal(_ body: () async throws -> Void) async throws -> UserStore.Refusal? {
        do {
            try await body()
            return nil
        } catch let refusal as UserStore.Refusal {
            return refusal
        }
    }

    @Test("Admins manage up to admins, owners up to owners", arguments: TestDatabase.engines)
    func managing(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            let (owner, organization) = try await identity.database.user("owner@example.com", .owner)
            let (admin, _) = try await identity.database.user("admin@example.com", .admin, of: organization)
            let (asAdmin, asOwner) = (
                principal(admin, organization, .admin), principal(owner, organization, .owner)
            )
            func create(_ email: String, _ role: Role, by principal: Principal) async throws {
                _ = try await identity.users.create(
                    email: email, name: "New", role: role, password: nil, in: organization, by: principal,
                    principal.actor(at: nil))
            }
            #expect(try await refusal { try await create("a@example.com", .admin, by: asAdmin) } == nil)
            #expect(
                try await refusal { try await create("b@example.com", .owner, by: asAdmin) } == .roleTooLarge(.owner))
            #expect(try await refusal { try await create("b@example.com", .owner, by: asOwner) } == nil)
            #expect(
                try await refusal { try await create("c@example.com", .superAdmin, by: asOwner) }
                    == .roleTooLarge(.superAdmin))
            #expect(try await refusal { try await create("B@EXAMPLE.com", .viewer, by: asOwner) } == .emailTaken)
            func update(_ user: User.ID, _ change: UserStore.Change, by principal: Principal) async throws {
                _ = try await identity.users.update(
                    user, to: change, of: organization, by: principal, principal.actor(at: nil))
            }
            #expect(
                try await refusal { try await update(owner, .init(role: .viewer), by: asAdmin) }
                    == .roleTooLarge(.owner))
            #expect(
                try await refusal { try await update(admin, .init(role: .owner), by: asAdmin) } == .roleTooLarge(.owner)
            )
            let (_, elsewhere) = try await identity.database.user("far@example.com", .owner)
            let stranger = principal(owner, elsewhere, .owner)
            #expect(
                try await refusal {
                    _ = try await identity.users.update(
                        admin, to: .init(name: "Mine"), of: elsewhere, by: stranger, stranger.actor(at: nil))
                } == .notFound)
            #expect(try await refusal { try await update(admin, .init(name: "A", version: 1), by: asOwner) } == nil)
            #expect(try await refusal { try await update(admin, .init(name: "B", version: 1), by: asOwner) } == .stale)
        }
    }

    @Test(
        "A user limited to customers cannot be made an administrator", arguments: TestDatabase.engines)
    func limited(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            let (owner, organization) = try await identity.database.user("owner@example.com", .owner)
            let (user, _) = try await identity.person("anna@example.com", .engineer, of: organization)
            let by = principal(owner, organization, .owner)
            let tenants = TenantStore(database: identity.database)
            let request = SignedInRequest(
                principal: by, address: nil, parameters: [:], queryItems: [:], readBody: { Data() })
            func promote(_ role: Role) async throws -> UserStore.Refusal? {
                try await refusal {
                    _ = try await identity.users.update(
                        user, to: .init(role: role), of: organization, by: by, by.actor(at: nil))
                }
            }
            try await tenants.limit(user, to: [], for: request)
            for role in [Role.admin, .owner] { #expect(try await promote(role) == .limited) }
            #expect(try await promote(.viewer) == nil)
            // As it was possible once.
            try await identity.database.run("UPDATE users SET role = 'admin' WHERE id = \(user)")
            let (_, live) = try await identity.enter("anna@example.com")
            #expect(live.role == .engineer)
            #expect(live.principal.role == .engineer)
            #expect(live.principal.tenants == [])
            let key = try await APIKeyStore(database: identity.database).make("k", for: user, role: .admin)
            let program = try #require(
                try await APIKeyStore(database: identity.database).principal(for: "\(key.text)"))
            #expect(program.role == .engineer)
            #expect(program.tenants == [])
            // The other values of such a person can still be changed, and the limit ended.
            #expect(
                try await refusal {
                    _ = try await identity.users.update(
                        user, to: .init(name: "Anna"), of: organization, by: by, by.actor(at: nil))
                } == nil)
            try await tenants.limit(user, to: nil, for: request)
            #expect(try await identity.enter("anna@example.com").1.role == .admin)
            #expect(try await promote(.owner) == nil)
        }
    }

    @Test("The last owner stays, also when two demote each other at once", arguments: TestDatabase.engines)
    func lastOwner(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            let (one, organization) = try await identity.database.user("one@example.com", .owner)
            let (two, _) = try await identity.database.user("two@example.com", .owner, of: organization)
            func demote(_ victim: User.ID, by user: User.ID, _ change: UserStore.Change) async throws {
                let principal = self.principal(user, organization, .owner)
                _ = try await identity.users.update(
                    victim, to: change, of: organization, by: principal, principal.actor(at: nil))
            }
            let outcomes = try await withThrowingTaskGroup(of: UserStore.Refusal?.self) { group in
                group.addTask { try await refusal { try await demote(two, by: one, .init(role: .admin)) } }
                group.addTask { try await refusal { try await demote(one, by: two, .init(isActive: false)) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count { $0 == nil } == 1)
            #expect(outcomes.count { $0 == .lastOwner } == 1)
            let left: User.ID? = try await identity.database.read {
                try $0.first("SELECT id FROM users WHERE role = 'owner' AND active = 1")?["id"]
            }
            let last = try #require(left)
            let principal = principal(last == one ? two : one, organization, .owner)
            #expect(
                try await refusal {
                    try await identity.users.delete(last, of: organization, by: principal, principal.actor(at: nil))
                } == .lastOwner)
            #expect(
                try await refusal {
                    let own = self.principal(last, organization, .owner)
                    try await identity.users.delete(last, of: organization, by: own, own.actor(at: nil))
                } == .selfDeletion)
        }
    }

    @Test("Deactivation and a new password end all sign-ins", arguments: TestDatabase.engines)
    func sessionsEnd(engine: Engine) async throws {
        try await Identity.run(engine) { identity in
            let (user, organization) = try await identity.person("anna@example.com")
            let (owner, _) = try await identity.database.user("owner@example.com", .owner, of: organization)
            let by = principal(owner, organization, .owner)
            let (first, live) = try await identity.enter("anna@example.com")
            try await identity.users.resetPassword(
                of: user, to: "harbour violin nettle", of: organization, by: by, by.actor(at: nil))
            #expect(try await identity.signIns.find(first) == nil)
            let second = try await identity.passwordSignIn.withPassword(
                email: "anna@example.com", password: "harbour violin nettle", from: identity.visitor(), replacing: nil)
            #expect(try await identity.signIns.find(second)?.duty == .changePassword)
            _ = try await identity.users.update(
                user, to: .init(isActive: false), of: organization, by: by, by.actor(at: nil))
            #expect(try await identity.database.count("SELECT COUNT(*) AS id FROM sign_ins") == 0)
            _ = try await identity.users.update(
                user, to: .init(isActive: true), of: organization, by: by, by.actor(at: nil))
            #expect(try await identity.signIns.find(second) == nil)
            try await identity.users.delete(user, of: organization, by: by, by.actor(at: nil))
            _ = live
            let record = try await identity.audit(organization)
            #expect(
                record.filter { $0.action.hasPrefix("user.") }.map(\.action) == [
                    "user.reset_password", "user.update", "user.update", "user.delete",
                ])
            #expect(record.allSatisfy { !($0.before ?? "").contains("$2b$") && !($0.after ?? "").contains("$2b$") })
        }
    }
}

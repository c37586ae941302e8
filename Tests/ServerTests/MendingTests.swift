import API
import Accounts
import Database
import Foundation
import TestSupport
import Testing

@testable import Server

/// Migration 17 repairs what older versions allowed, and records it in the audit log.
@Suite("Repairing older databases", .timeLimit(.minutes(20)))
struct MendingTests {
    private func old(_ engine: Engine, _ body: (Database) async throws -> Void) async throws {
        try await TestDatabase.with(engine, migrations: Array(Installation.migrations.prefix(16))) { database in
            try await database.write { db in
                try db.execute("INSERT INTO organizations (name, created_at) VALUES ('One', 0), ('Two', 0)")
                for (email, role, subject) in [
                    ("boss@one.example", "super_admin", "sub-boss"), ("owner@one.example", "owner", "sub-owner"),
                    ("was@one.example", "engineer", ""), ("eng@one.example", "engineer", "sub-eng"),
                ] {
                    try db.execute(
                        """
                        INSERT INTO users (organization_id, email, email_key, name, role, issuer, subject, created_at)
                        VALUES (1, \(email), \(email), 'N', \(role), 'https://id.example', \(subject), 0)
                        """)
                }
                for (user, means, visiting) in [
                    (1, "single_sign_on", 0), (1, "password", 2), (4, "password", 2), (4, "password", 0),
                ] {
                    try db.execute(
                        """
                        INSERT INTO sessions (
                            user_id, token_hash, means, awaits_code, visiting, created_at, last_seen_at, expires_at)
                        VALUES (\(user), \([UInt8.random(in: 0...255), UInt8(user), UInt8(visiting)] + Array(means.utf8)),
                            \(means), 0, NULLIF(\(visiting), 0), 0, 0, 0)
                        """)
                }
            }
            try await body(database)
        }
    }

    private func findings(_ database: Database) async throws -> [String] {
        try await database.read { db in
            try db.all("SELECT action, target FROM audit_entries WHERE means = 'migration' ORDER BY number")
                .map { "\(try $0["action"] as String) \(try $0["target"] as String)" }
        }
    }

    private func migrate(_ database: Database) async throws {
        try await database.migrate(Installation.migrations)
        for _ in 0..<2 { try await AuditBacklog.record(in: database, now: Date()) }
    }

    @Test(
        "Visits by lower roles end, and empty subjects and super admins are unlinked",
        arguments: TestDatabase.engines)
    func people(engine: Engine) async throws {
        try await old(engine) { database in
            try await migrate(database)
            let bound = try await database.read { db -> [Int] in
                try db.all("SELECT id FROM users WHERE subject IS NOT NULL ORDER BY id").map { try $0["id"] }
            }
            #expect(bound == [2, 4])
            let sessions = try await database.read { db -> [Int] in
                try db.all("SELECT user_id FROM sign_ins ORDER BY id").map { try $0["user_id"] }
            }
            #expect(sessions == [1, 4])
            #expect(
                Set(try await findings(database)) == [
                    "session.end_visit user 4", "user.unbind user 1", "user.unbind user 3",
                ])
            #expect(try await AuditLog.verify(in: database).faults.isEmpty)
        }
    }

    @Test("Providers reach as far as the user who saved them last", arguments: TestDatabase.engines)
    func providers(engine: Engine) async throws {
        try await old(engine) { database in
            try await database.write { db in
                for (name, role, rules) in [
                    ("kept", "viewer", "[]"), ("left", "viewer", "[]"),
                    ("above", "owner", #"[{"kind":"group","value":"x","role":"super_admin"}]"#),
                ] {
                    try db.execute(
                        """
                        INSERT INTO identity_providers (
                            organization_id, name, issuer, client_id, client_secret, default_role, role_rules, enabled,
                            created_at) VALUES (1, \(name), \(name), 'c', '', \(role), \(rules), 1, 0)
                        """)
                }
                let saves = [(1, 4), (1, 2), (2, 4), (3, 1)]
                for (number, (provider, user)) in saves.enumerated() {
                    try db.execute(
                        """
                        INSERT INTO audit_entries (
                            organization_id, number, at, actor_id, actor, means, action, target, result, hash)
                        VALUES (1, \(number + 1), 0, \(user), 'x', 'session', 'identity_provider.update',
                            \("identity provider \(provider)"), 'done', \([UInt8(number)]))
                        """)
                }
                try db.execute(
                    "INSERT INTO audit_heads (organization_id, number, hash) VALUES (1, \(saves.count), \([UInt8(3)]))")
            }
            try await migrate(database)
            let rows = try await database.read { db in
                try db.all("SELECT * FROM identity_providers ORDER BY id", as: IdentityProvider.self)
            }
            #expect(rows.map(\.maxRole) == [.owner, .admin, .owner])
            #expect(rows.map(\.usesSharedRedirect) == [true, true, true])
            #expect(rows[2].defaultRole == .admin)
            #expect(rows[2].roleMappings.map(\.role) == [.admin])
            let found = try await findings(database).filter { $0.hasPrefix("identity_provider") }
            #expect(
                found == [
                    "identity_provider.cut_reach identity provider 2",
                    "identity_provider.cut_reach identity provider 3",
                ])
        }
    }

    @Test("A self-made mapping to a member with another address is removed", arguments: TestDatabase.engines)
    func mappings(engine: Engine) async throws {
        try await old(engine) { database in
            try await database.write { db in
                try db.execute(
                    """
                    INSERT INTO psa_connections (
                        organization_id, provider, name, site, company, hook_key, public_key_hint, private_key_hint,
                        client_id_hint, baseline_at, created_at)
                    VALUES (1, 'connectwise', 'c', 's', 'c', 'k', '', '', '', 0, 0)
                    """)
                for (member, email) in [
                    ("10", "eng@one.example"), ("11", "Was@One.example "), ("12", "third@one.example"),
                ] {
                    try db.execute(
                        """
                        INSERT INTO psa_members (connection_id, identifier_key, id, identifier, name, email, fetched_at)
                        VALUES (1, \(member), \(member), \(member), 'M', \(email), 0)
                        """)
                }
                for (user, member, origin) in [
                    (4, "12", "manual_self"), (3, "11", "manual_self"), (2, "10", "manual_self"),
                ] {
                    try db.execute(
                        """
                        INSERT INTO psa_member_mappings (
                            connection_id, user_id, member_id, member_identifier, member_name, matched_by, created_at,
                            updated_at) VALUES (1, \(user), \(member), \(member), 'M', \(origin), 0, 0)
                        """)
                }
            }
            try await migrate(database)
            let left = try await database.read { db -> [Int] in
                try db.all("SELECT user_id FROM psa_member_mappings ORDER BY user_id").map { try $0["user_id"] }
            }
            #expect(left == [2, 3])
            #expect(try await findings(database).contains("member_mapping.remove user 4"))
        }
    }
}

import API
import Database
import Foundation
import TestSupport
import Testing
import WebSupport

@testable import Accounts

@Suite("API keys")
struct APIKeysTests {
    @Test("A key speaks in its user's name", arguments: TestDatabase.engines)
    func principal(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: accounts) { database in
            let (user, organization) = try await database.user("Anna@Example.com", .admin)
            let clock = TestClock()
            let keys = APIKeyStore(database: database) { clock.now }
            let (key, text) = try await keys.make("script", for: user, role: .engineer)
            #expect(key.name == "script")
            #expect(key.role == .engineer)
            #expect(key.userEmail == "Anna@Example.com")
            #expect(key.createdAt == clock.now)
            #expect(key.lastUsedAt == nil)
            #expect(text.id == key.id)
            let principal = try await keys.principal(for: text.description)
            #expect(
                principal
                    == Principal(
                        user: user, organization: organization, email: "Anna@Example.com", role: .engineer,
                        means: .key(key.id, nil)))
        }
    }

    @Test("The secret is nowhere in the database", arguments: TestDatabase.engines)
    func secret(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: accounts) { database in
            let (user, _) = try await database.user("anna@example.com", .admin)
            let (_, text) = try await APIKeyStore(database: database).make("script", for: user, role: .admin)
            let secret = try #require(text.description.split(separator: "_", maxSplits: 2).last)
            let hash: [UInt8] = try await database.read { try $0.one("SELECT * FROM api_keys", "secret_hash") }
            #expect(hash == text.secretHash)
            #expect(hash.count == 32)
            #expect(hash != Array(secret.utf8))
        }
    }

    @Test("An invalid key identifies no one", arguments: TestDatabase.engines)
    func nobody(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: accounts) { database in
            let (user, organization) = try await database.user("anna@example.com", .admin)
            let (other, _) = try await database.user("bert@example.com", .admin, of: organization)
            let keys = APIKeyStore(database: database)
            let (_, text) = try await keys.make("one", for: user, role: .admin)
            let (_, second) = try await keys.make("two", for: other, role: .admin)
            let wrongSecret = APIKeyText.make(for: text.id, secret: APIKeyText.randomSecret()).description
            let secretOfAnother = "pb_\(text.id)_" + second.description.split(separator: "_", maxSplits: 2)[2]
            let unknown = APIKeyText.make(for: 999, secret: APIKeyText.randomSecret()).description
            for wrong in ["", "pb_1_x", wrongSecret, secretOfAnother, unknown, text.description + "x"] {
                #expect(try await keys.principal(for: wrong) == nil, "\(wrong)")
            }
            #expect(try await keys.principal(for: text.description) != nil)
        }
    }

    @Test("A key ends at its instant", arguments: TestDatabase.engines)
    func expiry(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: accounts) { database in
            let (user, _) = try await database.user("anna@example.com", .admin)
            let clock = TestClock()
            let keys = APIKeyStore(database: database) { clock.now }
            let end = clock.now.addingTimeInterval(60)
            let (key, text) = try await keys.make("script", for: user, role: .admin, expiresAt: end)
            #expect(key.expiresAt == end)
            clock.advance(by: .seconds(59))
            #expect(try await keys.principal(for: text.description) != nil)
            clock.advance(by: .seconds(1))
            #expect(try await keys.principal(for: text.description) == nil)
        }
    }

    @Test("A key never may more than its user may at that moment", arguments: TestDatabase.engines)
    func changedUser(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: accounts) { database in
            let (user, _) = try await database.user("anna@example.com", .owner)
            let keys = APIKeyStore(database: database)
            let (_, text) = try await keys.make("script", for: user, role: .admin)
            try await database.run("UPDATE users SET role = 'viewer'")
            #expect(try await keys.principal(for: text.description)?.role == .viewer)
            try await database.run("UPDATE users SET role = 'super_admin'")
            #expect(try await keys.principal(for: text.description)?.role == .admin)
            try await database.run("UPDATE users SET active = 0")
            #expect(try await keys.principal(for: text.description) == nil)
        }
    }

    @Test("Only the own organization lists and revokes a key", arguments: TestDatabase.engines)
    func organizations(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: accounts) { database in
            let (user, own) = try await database.user("anna@example.com", .admin)
            let (_, foreign) = try await database.user("eve@example.com", .superAdmin)
            let keys = APIKeyStore(database: database)
            let (key, text) = try await keys.make("script", for: user, role: .admin)
            #expect(try await keys.list(of: foreign, page: PageRequest()).items.isEmpty)
            #expect(try await keys.list(of: own, page: PageRequest()).items == [key])
            #expect(try await !keys.delete(key.id, of: foreign, by: .command))
            #expect(try await keys.principal(for: text.description) != nil)
            #expect(try await keys.delete(key.id, of: own, by: .command))
            #expect(try await keys.principal(for: text.description) == nil)
            #expect(try await !keys.delete(key.id, of: own, by: .command))
        }
    }

    @Test("Keys are listed page by page, oldest first", arguments: TestDatabase.engines)
    func list(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: accounts) { database in
            let (user, organization) = try await database.user("anna@example.com", .admin)
            let keys = APIKeyStore(database: database)
            for number in 1...5 { _ = try await keys.make("key \(number)", for: user, role: .viewer) }
            var names: [String] = []
            var page = try await keys.list(of: organization, page: PageRequest(limit: 2))
            names += page.items.map(\.name)
            while let next = page.next {
                page = try await keys.list(of: organization, page: PageRequest(limit: 2, after: next))
                names += page.items.map(\.name)
            }
            #expect(names == (1...5).map { "key \($0)" })
        }
    }

    @Test("The use of keys is written down from time to time", arguments: TestDatabase.engines)
    func use(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: accounts) { database in
            let (user, organization) = try await database.user("anna@example.com", .admin)
            let clock = TestClock()
            let keys = APIKeyStore(database: database) { clock.now }
            let (used, text) = try await keys.make("used", for: user, role: .viewer)
            _ = try await keys.make("unused", for: user, role: .viewer)
            _ = try await keys.principal(for: text.description)
            let wrong = APIKeyText.make(for: used.id, secret: APIKeyText.randomSecret())
            clock.advance(by: .seconds(10))
            try await keys.recordUse()
            let first = clock.now
            clock.advance(by: .seconds(10))
            _ = try await keys.principal(for: wrong.description)
            try await keys.recordUse()
            let list = try await keys.list(of: organization, page: PageRequest()).items
            #expect(list.map(\.lastUsedAt) == [first, nil])
        }
    }

    @Test("A key is found by its primary key")
    func plan() async throws {
        try await TestDatabase.with(.sqlite, migrations: accounts) { database in
            let plan = try await database.read { db in
                try db.all("EXPLAIN QUERY PLAN " + APIKeyStore.lookUp(7)).map { row in try row["detail"] as String }
            }
            #expect(plan.count == 2)
            #expect(plan.allSatisfy { $0.contains("USING INTEGER PRIMARY KEY (rowid=?)") }, "\(plan)")
        }
    }
}

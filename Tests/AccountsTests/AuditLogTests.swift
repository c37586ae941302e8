import API
import Database
import Foundation
import Sealing
import TestSupport
import Testing
import WebSupport

@testable import Accounts

@Suite("The audit log")
struct AuditLogTests {
    private let organization = Organization.ID(7)
    private let start = Date(timeIntervalSince1970: 1_800_000_000)

    private func fill(_ database: Database, _ count: Int, of organization: Organization.ID? = nil) async throws {
        for number in 0..<count {
            try await database.write { db in
                try AuditLog.record(
                    number.isMultiple(of: 2) ? "rule.create" : "ruler.bend", on: "rule \(number)",
                    by: Actor(
                        user: 3, name: number % 3 == 0 ? "anna@example.com" : "ben@example.com", authMethod: "sign_in",
                        address: "192.0.2.1"),
                    of: organization ?? self.organization, after: ["number": number], now: start + Double(number),
                    in: db)
            }
        }
    }

    @Test("Entries written at once form one chain without gaps", arguments: TestDatabase.engines)
    func concurrent(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: accounts) { database in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<4 {
                    group.addTask { try await fill(database, 10, of: Organization.ID(Int64(7 + writer % 2))) }
                }
                try await group.waitForAll()
            }
            let (entries, faults) = try await AuditLog.verify(in: database)
            #expect(entries == 40)
            #expect(faults.isEmpty)
        }
    }

    @Test("The database refuses to change or remove entries", arguments: TestDatabase.engines)
    func appendOnly(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: accounts) { database in
            try await fill(database, 2)
            await #expect(throws: DatabaseError.self) { try await database.run("UPDATE audit_entries SET actor = 'x'") }
            await #expect(throws: DatabaseError.self) { try await database.run("DELETE FROM audit_entries") }
            #expect(try await AuditLog.verify(in: database).faults.isEmpty)
        }
    }

    @Test(
        "Changes made directly in the database are detected",
        arguments: TestDatabase.engines,
        [
            ("UPDATE audit_entries SET actor = 'eve@example.com' WHERE number = 3", 3 as Int64),
            ("UPDATE audit_entries SET after_value = '{}' WHERE number = 5", 5),
            ("UPDATE audit_entries SET at = at + 1 WHERE number = 2", 2),
            ("UPDATE audit_entries SET after_value = NULL WHERE number = 4", 4),
            ("DELETE FROM audit_entries WHERE number = 3", 3), ("DELETE FROM audit_entries WHERE number = 6", 6),
            ("DELETE FROM audit_entries WHERE number = 1", 1),
            ("UPDATE audit_heads SET number = 5", 5), ("DELETE FROM audit_heads", 1),
        ])
    func tampering(engine: Engine, tampering: (sql: String, number: Int64)) async throws {
        try await TestDatabase.with(engine, migrations: accounts) { database in
            try await fill(database, 6)
            try await database.write { db in
                for trigger in ["audit_entries_stay", "audit_entries_remain"] {
                    try db.execute(
                        SQL(
                            sqlite: SQL(unchecked: "DROP TRIGGER \(trigger)"),
                            postgres: SQL(unchecked: "DROP TRIGGER IF EXISTS \(trigger) ON audit_entries")))
                }
                try db.execute(SQL(unchecked: tampering.sql))
            }
            let faults = try await AuditLog.verify(in: database).faults
            #expect(faults.map(\.number) == [tampering.number], "\(faults)")
            #expect(faults.map(\.organization) == [organization])
        }
    }

    /// A log with a key beside it, filled, then changed by somebody who has the database without the secret.
    private func faults(
        _ engine: Engine, _ tamper: @escaping @Sendable (Connection) throws -> Void, after more: Int = 0
    ) async throws -> [AuditLog.Fault] {
        try await TestDatabase.with(engine, migrations: accounts) { database in
            let sealer = try Sealer([Secret.generate()])
            let opened = try await database.write { try AuditKey.open(with: sealer, now: start, in: $0) }
            #expect(opened.isNew)
            database.keep(opened.key)
            try await fill(database, 6)
            try await fill(database, 3, of: 8)
            #expect(try await AuditLog.verify(in: database).faults.isEmpty)
            try await database.write { db in
                for trigger in ["audit_entries_stay", "audit_entries_remain", "audit_entries_are_new"] {
                    try db.execute(
                        SQL(
                            sqlite: SQL(unchecked: "DROP TRIGGER \(trigger)"),
                            postgres: SQL(unchecked: "DROP TRIGGER IF EXISTS \(trigger) ON audit_entries")))
                }
                try tamper(db)
            }
            if more > 0 { try await fill(database, more) }
            return try await AuditLog.verify(in: database).faults
        }
    }

    /// Computes an organization's chain again, as everybody can who knows how, and puts its end in place.
    @Sendable private static func rechain(_ organization: Organization.ID, in db: Connection) throws {
        var (hash, number): ([UInt8], Int64) = ([], 0)
        let rows = try db.all("SELECT * FROM audit_entries WHERE organization_id = \(organization) ORDER BY number")
        for row in rows {
            let entry = try AuditEntry(row: row)
            (hash, number) = (entry.hash(after: hash, of: organization), entry.number)
            try db.execute(
                "UPDATE audit_entries SET hash = \(hash) WHERE organization_id = \(organization) AND number = \(number)"
            )
        }
        try db.execute(
            "UPDATE audit_heads SET hash = \(hash), number = \(number) WHERE organization_id = \(organization)")
    }

    @Test("An entry that was added behind the head shows", arguments: TestDatabase.engines)
    func addedBehind(engine: Engine) async throws {
        let found = try await faults(engine) { db in
            try db.execute(
                """
                INSERT INTO audit_entries (organization_id, number, at, actor, means, action, target, result, hash)
                SELECT organization_id, 7, at, actor, means, action, target, result, hash FROM audit_entries
                WHERE organization_id = 7 AND number = 6
                """)
        }
        #expect(found.map(\.number) == [7])
        #expect(found.map(\.organization) == [7])
    }

    @Test("A whole chain that was removed together with its head shows", arguments: TestDatabase.engines)
    func removedChain(engine: Engine) async throws {
        let remove: @Sendable (Connection) throws -> Void = { db in
            try db.execute("DELETE FROM audit_entries WHERE organization_id = 7")
            try db.execute("DELETE FROM audit_heads WHERE organization_id = 7")
        }
        #expect(try await faults(engine, remove).map(\.organization) == [7])
        // Also when the organization goes on.
        #expect(try await faults(engine, remove, after: 2).map(\.organization) == [7])
        let withList = try await faults(engine) { db in
            try remove(db)
            try db.execute("UPDATE audit_keys SET chains = '8'")
        }
        #expect(withList.map(\.reason) == ["the list of the chains was altered"])
    }

    @Test("A chain recomputed without the key is detected, and stays detected", arguments: TestDatabase.engines)
    func recomputed(engine: Engine) async throws {
        let alter: @Sendable (Connection) throws -> Void = { db in
            try db.execute(
                "UPDATE audit_entries SET actor = 'eve@example.com' WHERE organization_id = 7 AND number = 3")
            try Self.rechain(7, in: db)
        }
        #expect(try await faults(engine, alter).map(\.organization) == [7])
        #expect(try await faults(engine, alter, after: 3).map(\.organization) == [7])
        // The last entries taken away, and the end put before them.
        let cut: @Sendable (Connection) throws -> Void = { db in
            try db.execute("DELETE FROM audit_entries WHERE organization_id = 7 AND number > 4")
            try Self.rechain(7, in: db)
        }
        #expect(try await faults(engine, cut).map(\.organization) == [7])
        #expect(try await faults(engine, cut, after: 3).map(\.organization) == [7])
        let bare: @Sendable (Connection) throws -> Void = { db in
            try alter(db)
            try db.execute("UPDATE audit_heads SET seal = NULL WHERE organization_id = 7")
        }
        #expect(try await faults(engine, bare, after: 1).map(\.organization) == [7])
    }

    @Test("Putting an entry in the place of another is refused", arguments: TestDatabase.engines)
    func replaced(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: accounts) { database in
            try await fill(database, 2)
            let columns = "organization_id, number, at, actor, means, action, target, result, hash"
            await #expect(throws: DatabaseError.self) {
                try await database.run(
                    SQL(
                        sqlite: SQL(
                            unchecked: """
                                INSERT OR REPLACE INTO audit_entries (\(columns))
                                SELECT organization_id, number, at, 'eve', means, action, target, result, hash
                                FROM audit_entries WHERE number = 1
                                """),
                        postgres: SQL(
                            unchecked: """
                                INSERT INTO audit_entries (\(columns))
                                SELECT organization_id, number, at, 'eve', means, action, target, result, hash
                                FROM audit_entries WHERE number = 1
                                ON CONFLICT (organization_id, number) DO UPDATE SET actor = excluded.actor
                                """)))
            }
            await #expect(throws: DatabaseError.self) {
                try await database.run(SQL(sqlite: "DELETE FROM audit_entries", postgres: "TRUNCATE audit_entries"))
            }
            #expect(try await database.count("SELECT COUNT(*) AS id FROM audit_entries WHERE actor <> 'eve'") == 2)
        }
    }

    @Test("Older chains get seals, and keep them when the secret changes", arguments: TestDatabase.engines)
    func carriedOver(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: accounts) { database in
            try await fill(database, 4)
            let (old, new) = (Secret.generate(), Secret.generate())
            let key = try await database.write { try AuditKey.open(with: Sealer([old]), now: start, in: $0).key }
            database.keep(key)
            try await fill(database, 2)
            try await fill(database, 1, of: 9)
            let sealer = try Sealer([new, old])
            let count = try await database.write { db in
                try AccountsFeature.sealedColumns.reduce(0) { try $0 + $1.reseal(with: sealer, in: db) }
            }
            #expect(count == 1)
            let again = try await database.write { try AuditKey.open(with: Sealer([new]), now: start, in: $0) }
            #expect(!again.isNew)
            database.keep(again.key)
            try await fill(database, 1)
            let (entries, faults) = try await AuditLog.verify(in: database)
            #expect(entries == 8)
            #expect(faults.isEmpty)
        }
    }

    @Test(
        "A key that was removed is missed, and nothing is sealed in its place unasked", arguments: TestDatabase.engines)
    func missingKey(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: accounts) { database in
            let sealer = try Sealer([Secret.generate()])
            database.keep(try await database.write { try AuditKey.open(with: sealer, now: start, in: $0).key })
            try await fill(database, 2)
            try await database.run("DELETE FROM audit_keys")
            await #expect(throws: AuditKey.Missing.self) {
                try await database.write { _ = try AuditKey.open(with: sealer, now: start, in: $0) }
            }
            try await database.write { try LostSecrets.accept(nil, with: sealer, now: start, in: $0) }
            database.keep(try await database.write { try AuditKey.open(with: sealer, now: start, in: $0).key })
            #expect(try await AuditLog.verify(in: database).faults.isEmpty)
            let record = try await database.read {
                try AuditLog.list(.init(), of: .installation, page: PageRequest(), in: $0).items
            }
            #expect(record.map(\.action) == ["secret.accept_loss"])
        }
    }

    @Test(
        "A head recorded elsewhere reveals a database that was rolled back",
        arguments: TestDatabase.engines)
    func writtenDown(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: accounts) { database in
            try await fill(database, 5)
            let head = try #require(try await database.read { try AuditLog.heads(in: $0) }.first)
            try await fill(database, 2)
            func compare(_ number: Int64, _ hash: String) async throws -> AuditLog.Fault? {
                try await AuditLog.compare(head.organization, number, hash, in: database)
            }
            #expect(try await compare(head.number, head.hexadecimalHash) == nil)
            #expect(try await compare(head.number, head.hexadecimalHash.uppercased()) == nil)
            #expect(try await compare(head.number + 1, head.hexadecimalHash)?.number == 6)
            #expect(try await compare(99, head.hexadecimalHash)?.reason == "the entry is missing")
        }
    }

    @Test("It is filtered by person, kind, thing and time, and paged", arguments: TestDatabase.engines)
    func filters(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: accounts) { database in
            try await fill(database, 12)
            func numbers(_ change: (inout AuditLog.Filter) -> Void) async throws -> [Int64] {
                var filter = AuditLog.Filter()
                change(&filter)
                let wanted = filter
                return try await database.read {
                    try AuditLog.list(wanted, of: organization, page: PageRequest(), in: $0).items.map(\.number)
                }
            }
            #expect(try await numbers { $0.actor = "anna@example.com" } == [10, 7, 4, 1])
            // A user's address counts however it is written; an unknown actor's as it is.
            #expect(try await numbers { $0.actor = "Anna@example.com" } == [])
            _ = try await database.user("anna@example.com", .engineer)
            #expect(try await numbers { $0.actor = "Anna@Example.com" } == [10, 7, 4, 1])
            #expect(try await numbers { $0.action = "rule" } == [11, 9, 7, 5, 3, 1])
            #expect(try await numbers { $0.action = "ruler.bend" } == [12, 10, 8, 6, 4, 2])
            #expect(try await numbers { $0.target = "rule 4" } == [5])
            #expect(try await numbers { ($0.since, $0.until) = (start + 3, start + 4) } == [5, 4])
            let first = try await database.read {
                try AuditLog.list(.init(), of: organization, page: PageRequest(limit: 5), in: $0)
            }
            let second = try await database.read {
                try AuditLog.list(.init(), of: organization, page: PageRequest(limit: 5, after: first.next), in: $0)
            }
            #expect(first.items.map(\.number) == [12, 11, 10, 9, 8])
            #expect(second.items.first?.number == 7)
            #expect(
                try await database.read { try AuditLog.list(.init(), of: 8, page: PageRequest(), in: $0).items.isEmpty }
            )
        }
    }
}

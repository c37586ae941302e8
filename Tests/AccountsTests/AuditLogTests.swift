import Database
import Foundation
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
                        user: 3, name: number % 3 == 0 ? "anna@example.com" : "ben@example.com", means: "session",
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
            #expect(entries == 40 && faults.isEmpty)
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
        "What somebody with the database in his hands changes shows",
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
            #expect(first.items.map(\.number) == [12, 11, 10, 9, 8] && second.items.first?.number == 7)
            #expect(
                try await database.read { try AuditLog.list(.init(), of: 8, page: PageRequest(), in: $0).items.isEmpty }
            )
        }
    }
}

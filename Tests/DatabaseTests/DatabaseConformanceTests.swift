import Database
import Foundation
import TestSupport
import Testing

private let table = Migration(
    1, "things",
    [
        """
        CREATE TABLE things (
            id \(SQL.primaryKey), name TEXT NOT NULL UNIQUE, amount BIGINT, weight DOUBLE PRECISION, data \(SQL.bytes),
            at BIGINT, parent BIGINT REFERENCES things (id))
        """
    ])

@Suite("Both engines behave alike")
struct DatabaseConformanceTests {
    @Test("Values come back as they were bound", arguments: TestDatabase.engines)
    func values(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: [table]) { database in
            let hostile = "'; DROP TABLE things; -- \u{0} é 👩‍👩‍👧 \\x00 $1 ?"
            let instant = Date(timeIntervalSince1970: 1_790_000_000.123)
            let row = try await database.write { db in
                try db.first(
                    """
                    INSERT INTO things (name, amount, weight, data, at)
                    VALUES (\(hostile), \(Int64.min), \(0.1), \([0, 255, 10] as [UInt8]), \(instant)) RETURNING *
                    """)
            }
            let stored = try #require(row)
            let name: String = try stored["name"]
            let (amount, weight): (Int64, Double) = (try stored["amount"], try stored["weight"])
            let (data, at): ([UInt8], Date) = (try stored["data"], try stored["at"])
            let parent: Int? = try stored["parent"]
            #expect(name == hostile.filter { $0 != "\u{0}" })
            #expect(amount == Int64.min)
            #expect(weight == 0.1)
            #expect(data == [0, 255, 10])
            #expect(at == instant)
            #expect(parent == nil)
            #expect(throws: DatabaseError.self) { _ = try stored["amount"] as String }
            #expect(throws: DatabaseError.self) { _ = try stored["no_such_column"] as Int }
        }
    }

    @Test(
        "Statements that travel together are done in order, and one that fails undoes all",
        arguments: TestDatabase.engines)
    func sentTogether(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: [table]) { database in
            // More than travel in one go.
            let seen = try await database.write { db -> Int in
                for number in 0..<250 { try db.send("INSERT INTO things (name) VALUES (\("n\(number)"))") }
                try db.send("UPDATE things SET amount = 7 WHERE name = 'n249'")
                return try db.first("SELECT COUNT(*) AS number FROM things WHERE amount = 7")?["number"] ?? 0
            }
            #expect(seen == 1)
            // The duplicate shows at the commit at the latest, and nothing of its transaction stays.
            await #expect(throws: DatabaseError.self) {
                try await database.write { db in
                    try db.send("INSERT INTO things (name) VALUES ('before')")
                    try db.send("INSERT INTO things (name) VALUES ('n3')")
                    try db.send("INSERT INTO things (name) VALUES ('after')")
                }
            }
            await #expect(throws: DatabaseError.self) {
                try await database.write { db in
                    try db.send("INSERT INTO things (name) VALUES ('before')")
                    try db.send("INSERT INTO things (name) VALUES ('n3')")
                    _ = try db.all("SELECT 1 AS one")
                    try db.send("INSERT INTO things (name) VALUES ('after')")
                }
            }
            // The connection that it happened on serves others as before.
            for _ in 0..<20 {
                try await database.write { try $0.send("UPDATE things SET weight = 1 WHERE name = 'n1'") }
            }
            let rows = try await database.read { db -> [Int] in
                [
                    try db.first("SELECT COUNT(*) AS number FROM things")?["number"] ?? 0,
                    try db.first("SELECT COUNT(*) AS number FROM things WHERE weight = 1")?["number"] ?? 0,
                ]
            }
            #expect(rows == [250, 1])
        }
    }

    @Test("A transaction with a swallowed failure does not count as stored", arguments: TestDatabase.engines)
    func swallowedFailure(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: [table]) { database in
            let outcome = await Result<Void, any Error>.of {
                try await database.write { db in
                    try db.execute("INSERT INTO things (name) VALUES ('one')")
                    _ = try? db.execute("INSERT INTO things (name) VALUES ('one')")
                }
            }
            let count: Int = try await database.read { try $0.first("SELECT COUNT(*) AS n FROM things")?["n"] ?? 0 }
            // SQLite keeps what went before, PostgreSQL nothing; either way the answer is true.
            switch outcome {
            case .success: #expect(count == 1)
            case .failure: #expect(count == 0)
            }
        }
    }

    @Test("An error undoes the whole transaction and only it", arguments: TestDatabase.engines)
    func rollback(engine: Engine) async throws {
        struct Stop: Error {}
        try await TestDatabase.with(engine, migrations: [table]) { database in
            // Many at once, so that SQLite commits them as groups: each third one fails.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<90 {
                    group.addTask {
                        do {
                            try await database.write { db in
                                try db.execute("INSERT INTO things (name) VALUES (\("n\(number)"))")
                                if number % 3 == 0 { throw Stop() }
                            }
                        } catch is Stop {}
                    }
                }
                try await group.waitForAll()
            }
            let count: Int? = try await database.read { try $0.first("SELECT COUNT(*) AS n FROM things")?["n"] }
            #expect(count == 60)
        }
    }

    @Test("A caught error inside a transaction can be distinguished", arguments: TestDatabase.engines)
    func errors(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: [table]) { database in
            try await database.write { try $0.execute("INSERT INTO things (name) VALUES ('one')") }
            await #expect {
                try await database.write { try $0.execute("INSERT INTO things (name) VALUES ('one')") }
            } throws: { error in
                if case DatabaseError.duplicate(let constraint) = error { constraint.contains("name") } else { false }
            }
            await #expect {
                try await database.write { try $0.execute("INSERT INTO things (name, parent) VALUES ('two', 99)") }
            } throws: { error in
                if case DatabaseError.reference = error { true } else { false }
            }
            await #expect {
                try await database.write { try $0.execute("INSERT INTO nowhere VALUES (1)") }
            } throws: { error in
                if case DatabaseError.statement = error { true } else { false }
            }
        }
    }

    @Test("Several rows, lists and nulls in one statement", arguments: TestDatabase.engines)
    func manyRows(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: [table]) { database in
            let rows = (0..<70).map { "(\("row \($0)"), \(orNull: $0 % 2 == 0 ? nil : $0))" as SQL }
            let changed = try await database.write { db in
                try db.execute("INSERT INTO things (name, amount) VALUES \(rows.joined(", "))")
            }
            #expect(changed == 70)
            let found = try await database.read { db in
                try db.all("SELECT amount FROM things WHERE name IN (\(list: ["row 1", "row 2", "row 3"])) ORDER BY id")
                    .map { row -> Int? in try row["amount"] }
            }
            #expect(found == [1, nil, 3])
            let none = try await database.read { db in
                try db.all("SELECT 1 FROM things WHERE name IN (\(list: [String]()))").count
            }
            #expect(none == 0)
        }
    }

    @Test("A signal and a hint wake after commit, in this process and in others", arguments: TestDatabase.engines)
    func signals(engine: Engine) async throws {
        try await TestDatabase.withAddress(engine) { address in
            let here = try await Database.open(address, logger: TestDatabase.logger)
            let there = engine == .postgres ? try await Database.open(address, logger: TestDatabase.logger) : here
            let signal = Signal(rawValue: "spring")
            let woken = MutexBox(0)
            let listening = Task {
                for await _ in there.signals(signal) { woken.change { $0 += 1 } }
            }
            try await eventually("the other side hears") {
                try await here.write { $0.signal(signal) }
                return woken.value > 0
            }
            // Hints too, each one, also when others are being told at the moment.
            for round in 0..<100 {
                let before = woken.value
                for _ in 0..<3 { try await here.write { $0.hint(signal) } }
                try await eventually("the other side hears hint \(round)") { woken.value > before }
            }
            await here.close()
            await there.close()
            listening.cancel()
        }
    }

    @Test(
        "Migrations apply once, continue where they stopped, and refuse a newer schema", arguments: TestDatabase.engines
    )
    func migrations(engine: Engine) async throws {
        let broken = Migration(2, "broken", ["CREATE TABLE second (id BIGINT)", "CREATE NONSENSE"])
        let whole = Migration(2, "whole", ["CREATE TABLE second (id BIGINT)"])
        try await TestDatabase.with(engine) { database in
            try await #expect(database.schemaNumber() == 0)
            await #expect(throws: DatabaseError.self) { try await database.migrate([table, broken]) }
            try await #expect(database.schemaNumber() == 1)
            try await #expect(database.migrate([table, whole]).map(\.number) == [2])
            try await #expect(database.migrate([table, whole]).isEmpty)
            await #expect(throws: DatabaseError.newerSchema(database: 2, program: 1)) {
                try await database.migrate([table])
            }
        }
    }

    @Test("Servers that start together migrate once", arguments: TestDatabase.engines)
    func concurrentMigrations(engine: Engine) async throws {
        try await TestDatabase.withAddress(engine) { address in
            let databases = try await [
                Database.open(address, logger: TestDatabase.logger),
                Database.open(address, logger: TestDatabase.logger),
                Database.open(address, logger: TestDatabase.logger),
            ]
            let applied = try await withThrowingTaskGroup(of: Int.self) { group in
                for database in databases { group.addTask { try await database.migrate([table]).count } }
                return try await group.reduce(0, +)
            }
            #expect(applied == 1)
            for database in databases { await database.close() }
        }
    }
}

extension Result where Failure == any Error {
    /// What an asynchronous body came to.
    fileprivate static func of(_ body: () async throws -> Success) async -> Self {
        do {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }
}

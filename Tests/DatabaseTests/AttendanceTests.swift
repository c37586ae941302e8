import Database
import Foundation
import TestSupport
import Testing

private let tables = Migration(
    1, "things",
    [
        "CREATE TABLE things (id BIGINT PRIMARY KEY)",
        """
        CREATE TABLE parts (thing BIGINT NOT NULL REFERENCES things (id) DEFERRABLE INITIALLY DEFERRED)
        """,
    ])

private let hint = Signal(rawValue: "things")
/// Signals arrive in order, so a mark that arrived has no older hint behind it.
private let mark = Signal(rawValue: "marks")

/// What an attendance was told, and what was heard of the hint.
private struct Heard: Equatable, Sendable {
    var called = 0
    var ends: [Bool] = []
    var raised = 0
}

private struct Refused: Error {}

@Suite("Taking part in transactions that give a hint")
struct AttendanceTests {
    private func withDatabase(
        _ engine: Engine, _ body: (Database, MutexBox<Heard>) async throws -> Void
    ) async throws {
        try await TestDatabase.with(engine, migrations: [tables]) { database in
            let heard = MutexBox(Heard())
            let listening = Task { for await _ in database.signals(hint) { heard.change { $0.raised += 1 } } }
            defer { listening.cancel() }
            try await eventually("the hint is listened for") {
                try await database.write { $0.hint(hint) }
                return heard.value.raised > 0
            }
            // The hints after the one that was heard first are still on their way.
            let marks = MutexBox(0)
            let marking = Task { for await _ in database.signals(mark) { marks.change { $0 += 1 } } }
            defer { marking.cancel() }
            try await eventually("no hint is on its way") {
                heard.change { $0 = Heard() }
                let before = marks.value
                try await eventually("the mark arrives") {
                    try await database.write { $0.hint(mark) }
                    return marks.value > before
                }
                return heard.value == Heard()
            }
            try await body(database, heard)
        }
    }

    private func things(in database: Database) async throws -> Int {
        try await database.read { try $0.first("SELECT COUNT(*) AS number FROM things")?["number"] ?? -1 }
    }

    @Test(
        "A participant's work is committed with its cause, and no hint is sent",
        arguments: TestDatabase.engines)
    func together(engine: Engine) async throws {
        try await withDatabase(engine) { database, heard in
            database.attend(to: hint) { db in
                heard.change { $0.called += 1 }
                try db.execute("INSERT INTO things (id) SELECT id + 100 FROM things WHERE id < 100")
                return Attended(isComplete: true) { end in heard.change { $0.ends.append(end) } }
            }
            try await database.write { try $0.execute("INSERT INTO things (id) VALUES (1)") }
            #expect(heard.value == Heard())
            try await database.write { db in
                try db.execute("INSERT INTO things (id) VALUES (2)")
                db.hint(hint)
            }
            #expect(heard.value == Heard(called: 1, ends: [true]))
            try await #expect(things(in: database) == 4)
            database.attend(to: hint, with: nil)
            try await database.write { $0.hint(hint) }
            try await eventually("the hint is heard again") { heard.value == Heard(called: 1, ends: [true], raised: 1) }
        }
    }

    @Test("A participant that leaves work to others lets the hint through", arguments: TestDatabase.engines)
    func incomplete(engine: Engine) async throws {
        try await withDatabase(engine) { database, heard in
            for attended in [Attended(isComplete: false) { end in heard.change { $0.ends.append(end) } }, nil] {
                database.attend(to: hint) { _ in attended }
                try await database.write { $0.hint(hint) }
            }
            try await eventually("the hint is heard") { heard.value.raised > 0 }
            #expect(heard.value.ends == [true])
        }
    }

    @Test(
        "When a participant fails, only its own work is undone, and the hint is sent", arguments: TestDatabase.engines)
    func failure(engine: Engine) async throws {
        try await withDatabase(engine) { database, heard in
            let attendances: [Attendance] = [
                { db in
                    try db.execute("INSERT INTO things (id) VALUES (50)")
                    throw Refused()
                },
                { db in
                    try db.send("INSERT INTO things (id) VALUES (51)")
                    try db.execute("INSERT INTO nowhere VALUES (1)")
                    return nil
                },
            ]
            for (number, attendance) in attendances.enumerated() {
                heard.change { $0 = Heard() }
                database.attend(to: hint, with: attendance)
                try await database.write { db in
                    try db.send("INSERT INTO things (id) VALUES (\(number))")
                    db.hint(hint)
                }
                try await eventually("the hint is heard") { heard.value.raised > 0 }
                try await #expect(things(in: database) == number + 1)
            }
        }
    }

    @Test("A participant learns that the transaction failed", arguments: TestDatabase.engines)
    func abandoned(engine: Engine) async throws {
        try await withDatabase(engine) { database, heard in
            database.attend(to: hint) { db in
                try db.execute("INSERT INTO things (id) SELECT COUNT(*) FROM things")
                return Attended(isComplete: true) { end in heard.change { $0.ends.append(end) } }
            }
            await #expect(throws: Refused.self) {
                try await database.write { db in
                    db.hint(hint)
                    throw Refused()
                }
            }
            // On SQLite a failed write is one of a group, which goes on without it.
            let before = heard.value.ends
            // Only the commit finds out.
            await #expect(throws: DatabaseError.self) {
                try await database.write { db in
                    try db.execute("INSERT INTO parts (thing) VALUES (1000)")
                    db.hint(hint)
                }
            }
            #expect(heard.value.ends == before + [false])
            try await #expect(things(in: database) == before.count)
        }
    }
}

@Suite("Reading many at once")
struct ReadBatcherTests {
    @Test("Concurrent callers are answered with few queries, each with its own result", arguments: TestDatabase.engines)
    func gathering(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: [tables]) { database in
            try await database.write { db in
                for id in 0..<100 { try db.send("INSERT INTO things (id) VALUES (\(id))") }
            }
            let queries = MutexBox(0)
            let batcher = ReadBatcher<Int, Int>(database: database, largest: 16) { keys, db in
                queries.change { $0 += 1 }
                #expect(keys.count <= 16)
                let rows = try db.all("SELECT id FROM things WHERE id IN (\(list: keys))")
                return Dictionary(uniqueKeysWithValues: try rows.map { (try $0["id"], try $0["id"]) })
            }
            let answers = try await withThrowingTaskGroup(of: (Int, Int?).self) { group in
                for key in 0..<200 { group.addTask { (key, try await batcher.value(key % 150)) } }
                return try await group.reduce(into: [:]) { $0[$1.0] = .some($1.1) }
            }
            #expect(answers.count == 200)
            for (key, value) in answers { #expect(value == (key % 150 < 100 ? key % 150 : nil)) }
            #expect(queries.value < 100)
        }
    }

    @Test(
        "A failing query fails for its callers only, and the next ones are read",
        arguments: TestDatabase.engines)
    func failing(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: [tables]) { database in
            let isBroken = MutexBox(true)
            let batcher = ReadBatcher<Int, Int>(database: database, readers: 1) { keys, db in
                if isBroken.value { throw Refused() }
                return Dictionary(uniqueKeysWithValues: keys.map { ($0, $0) })
            }
            await withTaskGroup(of: Bool.self) { group in
                for key in 0..<50 { group.addTask { (try? await batcher.value(key)) == nil } }
                for await hasFailed in group { #expect(hasFailed) }
            }
            isBroken.change { $0 = false }
            for key in 0..<3 { try await #expect(batcher.value(key) == key) }
        }
    }
}

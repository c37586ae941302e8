import Crypto
import Foundation
import TestSupport
import Testing

@testable import Database
@testable import Server

/// The steps of the schema, of all features together.
@Suite("Migrations")
struct MigrationTests {
    /// The first eight digits of SHA-256 of what each step says to SQLite and to PostgreSQL. A released step is never
    /// edited: databases that have done it would differ from new ones. A new step is a new line.
    private static let digests: [Int: [Engine: String]] = [

        ]

    private func digest(_ migration: Migration, _ engine: Engine) -> String {
        let text = migration.statements.map { $0.render(for: engine).text }.joined(separator: ";\n")
        return SHA256.hash(data: Data(text.utf8)).prefix(4).map { byte in
            let hex = String(byte, radix: 16)
            return hex.count < 2 ? "0" + hex : hex
        }.joined()
    }

    @Test("No released step has changed, and each new one is written down")
    func digests() {
        for migration in Installation.migrations {
            for engine in [Engine.sqlite, .postgres] {
                let expected = Self.digests[migration.number]?[engine]
                #expect(digest(migration, engine) == expected, "\(migration.number) on \(engine)")
            }
        }
        #expect(Self.digests.count == Installation.migrations.count)
    }

    @Test("A gap, or a number that is there twice, stops the start", arguments: TestDatabase.engines)
    func numbering(engine: Engine) async throws {
        func step(_ number: Int) -> Migration { Migration(number, "step", []) }
        try await TestDatabase.with(engine) { database in
            for (numbers, wrong) in [([1, 3], 2), ([1, 1], 2), ([2], 1), ([1, 2, 2, 3], 3)] {
                let error = await #expect(throws: DatabaseError.self) {
                    try await database.migrate(numbers.map(step))
                }
                #expect(error == .setup("migration \(wrong) is missing, or another one is there twice"))
            }
            let number = try await database.schemaNumber()
            #expect(number == 0)
        }
    }
}

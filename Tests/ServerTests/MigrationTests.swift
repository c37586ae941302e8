import Crypto
import Foundation
import TestSupport
import Testing

@testable import Database
@testable import Server

/// The schema migrations of all features together.
@Suite("Migrations")
struct MigrationTests {
    /// The first eight digits of the SHA-256 of each migration's SQL, for SQLite and for PostgreSQL. A released
    /// migration is never edited, because databases that already ran it would differ from new ones. Add a line for each
    /// new migration.
    private static let digests: [Int: [Engine: String]] = [
        1: [.sqlite: "d34a7b93", .postgres: "1f2fb820"],
        2: [.sqlite: "e55bea8a", .postgres: "45c5445d"],
        3: [.sqlite: "d0203ff9", .postgres: "06ffb4b9"],
        4: [.sqlite: "ff2627ae", .postgres: "019222de"],
        5: [.sqlite: "b66b6ca0", .postgres: "e1cea9bc"],
        6: [.sqlite: "8818ed69", .postgres: "94df4a67"],
        7: [.sqlite: "4428d119", .postgres: "b838eaca"],
        8: [.sqlite: "06b9b8cf", .postgres: "06b9b8cf"],
        9: [.sqlite: "755eb143", .postgres: "755eb143"],
        10: [.sqlite: "f73de5ea", .postgres: "d95e8835"],
        11: [.sqlite: "0cca2a11", .postgres: "ad015029"],
        12: [.sqlite: "0d6eb94c", .postgres: "45c0a3e5"],
        13: [.sqlite: "930e291b", .postgres: "d99349b6"],
        14: [.sqlite: "b4a1c4a5", .postgres: "e1fe4b26"],
        15: [.sqlite: "27633514", .postgres: "27633514"],
        16: [.sqlite: "aed7a7ac", .postgres: "aed7a7ac"],
        17: [.sqlite: "85bbb550", .postgres: "3e259c76"],
        18: [.sqlite: "273bf129", .postgres: "c83b912b"],
        19: [.sqlite: "dd1fd764", .postgres: "30426cb8"],
        20: [.sqlite: "c2e494c9", .postgres: "c2e494c9"],
        21: [.sqlite: "03318099", .postgres: "03318099"],
        22: [.sqlite: "2418f23d", .postgres: "2418f23d"],
        23: [.sqlite: "e79b7f2d", .postgres: "e79b7f2d"],
        24: [.sqlite: "d0744b80", .postgres: "d0744b80"],
        25: [.sqlite: "32082ded", .postgres: "9d2613dc"],
        26: [.sqlite: "73cc1490", .postgres: "73cc1490"],
        27: [.sqlite: "50716164", .postgres: "50716164"],
        28: [.sqlite: "83e02018", .postgres: "3cce32cd"],
        29: [.sqlite: "0cf0979f", .postgres: "0cf0979f"],
        30: [.sqlite: "28d19c60", .postgres: "88a65a40"],
        31: [.sqlite: "4c253005", .postgres: "4c253005"],
    ]

    private func digest(_ migration: Migration, _ engine: Engine) -> String {
        let text = migration.statements.map { statement in
            let rendered = statement.render(for: engine)
            return rendered.values.isEmpty ? rendered.text : "\(rendered.text) \(rendered.values)"
        }.joined(separator: ";\n")
        return SHA256.hash(data: Data(text.utf8)).prefix(4).map { byte in
            let hex = String(byte, radix: 16)
            return hex.count < 2 ? "0" + hex : hex
        }.joined()
    }

    @Test("Released migrations never change, and every new one is listed")
    func digests() {
        for migration in Installation.migrations {
            for engine in [Engine.sqlite, .postgres] {
                let expected = Self.digests[migration.number]?[engine]
                #expect(digest(migration, engine) == expected, "\(migration.number) on \(engine)")
            }
        }
        #expect(Self.digests.count == Installation.migrations.count)
    }

    @Test("A gap or a duplicate in the numbers prevents the start", arguments: TestDatabase.engines)
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

import Database
import Foundation
import Logging

/// Databases for tests: every store test runs on both engines.
public enum TestDatabase {
    /// The engines to test. PostgreSQL is left out only when `PATCHBAY_TEST_POSTGRES` names no server, as in an editor;
    /// `scripts/test` always names one.
    public static let engines: [Engine] = postgres == nil ? [.sqlite] : [.sqlite, .postgres]

    /// For tests of pages, refusals and clients, which ask the stores nothing that other tests do not ask on both engines.
    public static let oneEngine: [Engine] = [.sqlite]

    /// For tests of what is refused before it reaches a column: PostgreSQL's are narrower.
    public static let strictEngine: [Engine] = engines.suffix(1)

    // Tests run all at once; a PostgreSQL with a few hundred connections, and two cores, do not bear that.
    private static let gate = Gate(places: 16)

    private static let postgres = ProcessInfo.processInfo.environment["PATCHBAY_TEST_POSTGRES"]

    /// The address of a fresh database, which is removed after the body: a file of its own, or a schema of its own.
    public static func withAddress<Result: Sendable>(
        _ engine: Engine, _ body: (DatabaseAddress) async throws -> Result
    ) async throws -> Result {
        await gate.enter()
        defer { gate.leave() }
        let name = "patchbay_test_\(UInt64.random(in: 0...UInt64.max))"
        switch engine {
        case .sqlite:
            let folder = FileManager.default.temporaryDirectory.appending(path: name)
            defer { try? FileManager.default.removeItem(at: folder) }
            return try await body(.sqlite(path: folder.appending(path: "patchbay.db").path()))
        case .postgres:
            guard let url = postgres else { throw DatabaseError.setup("PATCHBAY_TEST_POSTGRES is not set") }
            let admin = try await Database.open(.postgres(url: url), connections: 1, logger: logger)
            try await admin.write { try $0.execute(SQL(unchecked: "CREATE SCHEMA \(name)")) }
            let separator = url.contains("?") ? "&" : "?"
            let result: Swift.Result<Result, any Error>
            do {
                result = .success(
                    try await body(.postgres(url: "\(url)\(separator)options=-csearch_path%3D\(name)")))
            } catch {
                result = .failure(error)
            }
            try await admin.write { try $0.execute(SQL(unchecked: "DROP SCHEMA \(name) CASCADE")) }
            await admin.close()
            return try result.get()
        }
    }

    /// An open, migrated database, closed and removed after the body.
    public static func with<Result: Sendable>(
        _ engine: Engine, migrations: [Migration] = [], _ body: (Database) async throws -> Result
    ) async throws -> Result {
        try await withAddress(engine) { address in
            let database = try await Database.open(address, connections: 6, logger: logger)
            let result: Swift.Result<Result, any Error>
            do {
                if !migrations.isEmpty { try await migrate(database, migrations) }
                result = .success(try await body(database))
            } catch {
                result = .failure(error)
            }
            await database.close()
            return try result.get()
        }
    }

    /// All tests of a run share one PostgreSQL and so its lock for migrations, which a loaded machine holds for long.
    private static func migrate(_ database: Database, _ migrations: [Migration]) async throws {
        for _ in 1...10 {
            do {
                try await database.migrate(migrations)
                return
            } catch DatabaseError.busy {}
        }
        try await database.migrate(migrations)
    }

    /// Quiet below warnings.
    public static let logger: Logger = {
        var logger = Logger(label: "test")
        logger.logLevel = .warning
        return logger
    }()
}

/// A wall clock that stands still until it is moved.
public final class TestClock: Sendable {
    private let instant: MutexBox<Date>

    /// Starts at an instant.
    public init(_ start: Date = Date(timeIntervalSince1970: 1_790_000_000)) {
        instant = MutexBox(start)
    }

    /// The present instant.
    public var now: Date { instant.value }

    /// Moves on.
    public func advance(by duration: Duration) {
        let (seconds, attoseconds) = duration.components
        instant.change { $0.addTimeInterval(Double(seconds) + Double(attoseconds) / 1e18) }
    }
}

/// Awaits a condition, looking every few milliseconds. What is awaited is put into words when it did not come.
/// - Throws: ``ConditionTimeOut`` when it has not come true within the limit.
public func eventually(
    within limit: Duration = .seconds(30), _ what: @autoclosure () -> String,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw ConditionTimeOut(what: what()) }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// A condition did not come true in time.
public struct ConditionTimeOut: Error, CustomStringConvertible {
    /// Which.
    public let what: String
    /// For the test's report.
    public var description: String { "not within the time limit: \(what)" }
}

extension [Migration] {
    /// The same as one step: all tests of a run wait for the same lock at each.
    public var inOneStep: [Migration] { [Migration(1, "everything", flatMap(\.statements))] }
}

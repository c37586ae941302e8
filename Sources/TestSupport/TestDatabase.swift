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

    private static let schemas: Task<TemplateSchemas, any Error> = Task {
        guard let postgres else { throw DatabaseError.setup("PATCHBAY_TEST_POSTGRES is not set") }
        return try await TemplateSchemas(url: postgres)
    }

    /// The address of a database of the test's own for the time of the body: a file, or a schema.
    /// - Parameter migrations: what it has been through already; empty for a database in which nothing is.
    public static func withAddress<Result: Sendable>(
        _ engine: Engine, migrations: [Migration] = [], _ body: (DatabaseAddress) async throws -> Result
    ) async throws -> Result {
        await gate.enter()
        defer { gate.leave() }
        switch engine {
        case .sqlite:
            let folder = FileManager.default.temporaryDirectory.appending(
                path: "patchbay_test_\(UInt64.random(in: 0...UInt64.max))")
            defer { try? FileManager.default.removeItem(at: folder) }
            let file = folder.appending(path: "patchbay.db")
            if !migrations.isEmpty {
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                try await TemplateFiles.shared.file(migrations).write(to: file)
            }
            return try await body(.sqlite(path: file.path()))
        case .postgres:
            let schemas = try await schemas.value
            let place = try await schemas.take(migrations, address)
            let result: Swift.Result<Result, any Error>
            do { result = .success(try await body(address(place.name))) } catch { result = .failure(error) }
            try await schemas.put(back: place)
            return try result.get()
        }
    }

    private static func address(_ schema: String) -> DatabaseAddress {
        let url = postgres ?? ""
        return .postgres(url: "\(url)\(url.contains("?") ? "&" : "?")options=-csearch_path%3D\(schema)")
    }

    /// An open database, migrated as wanted, closed and removed after the body.
    public static func with<Result: Sendable>(
        _ engine: Engine, migrations: [Migration] = [], _ body: (Database) async throws -> Result
    ) async throws -> Result {
        try await withAddress(engine, migrations: migrations) { address in
            let database = try await Database.open(address, connections: 6, logger: logger)
            let result: Swift.Result<Result, any Error>
            do { result = .success(try await body(database)) } catch { result = .failure(error) }
            await database.close()
            return try result.get()
        }
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
    within limit: Duration = .seconds(120), _ what: @autoclosure () -> String,
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

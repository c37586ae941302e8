import BoundaryText
import Foundation
import GRDB

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// SQLite through GRDB: WAL, `synchronous=FULL`, one writer with group commit, several readers.
final class SQLiteEngine: DatabaseEngine {
    private let pool: DatabasePool
    private let writer: GroupCommit
    private let belongings: Belongings
    private let processLock: ProcessLock?

    /// - Parameter tenure: a server, and who has to be alone, are refused when another process serves the same file.
    init(path: String, tenure: Tenure, readers: Int, hub: SignalHub, belongings: Belongings) throws {
        self.belongings = belongings
        let folder = URL(filePath: path).deletingLastPathComponent()
        do {
            // Credentials in it are sealed, but what customers wrote is not.
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw DatabaseError.setup("cannot create the folder \(folder.path()) for the database: \(error)")
        }
        processLock =
            switch tenure {
            case .guest: nil
            case .server, .alone: try ProcessLock(path: path + ".lock")
            }

        var configuration = Configuration()
        configuration.label = "patchbay"
        configuration.maximumReaderCount = readers
        // Below the 5 s after which ConnectWise gives up on a callback, so that it gets 429 and retries.
        configuration.busyMode = .timeout(2)
        configuration.prepareDatabase { db in
            // A WAL that grew in a burst is cut back to 64 MiB instead of staying large forever.
            try db.execute(sql: "PRAGMA journal_size_limit = 67108864")
            try db.execute(sql: "PRAGMA temp_store = MEMORY")
        }
        Self.keepPrivate(path)
        do {
            pool = try DatabasePool(path: path, configuration: configuration)
            // FULL: what was answered with success survives a power cut. GRDB has just set NORMAL on its writer, which
            // would lose the last commits.
            try pool.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = FULL")
                // In KiB. The queue's indexes are walked at many places for each job.
                try db.execute(sql: "PRAGMA cache_size = -8000")
            }
        } catch {
            throw DatabaseError(sqlite: error)
        }
        writer = GroupCommit(pool: pool, hub: hub, belongings: belongings)
    }

    /// Makes a new database file readable by its owner only; SQLite gives its companions the same mode.
    private static func keepPrivate(_ path: String) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Connection) throws -> Value
    ) async throws -> Value {
        do {
            return try await pool.read { [belongings] db in
                try body(Connection(engine: .sqlite, runner: SQLiteRunner(db: db), belongings: belongings))
            }
        } catch let error as GRDB.DatabaseError {
            throw DatabaseError(sqlite: error)
        }
    }

    func write<Value: Sendable>(
        as urgency: Urgency, _ body: @escaping @Sendable (Connection) throws -> Value
    ) async throws -> Value {
        try await writer.write(as: urgency, body)
    }

    func appear(as name: String) {}

    func close() async {
        await writer.close()
        try? pool.close()
        processLock?.release()
    }
}

/// An advisory lock on a file, held as long as the process lives.
private final class ProcessLock: Sendable {
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw DatabaseError.setup("cannot open the lock file \(path): \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw DatabaseError.setup(
                "another patchbay server uses this SQLite database (\(path) is locked); "
                    + "stop it, or use PostgreSQL for several servers")
        }
    }

    /// Lets others in before the process ends.
    func release() { flock(descriptor, LOCK_UN) }

    deinit {
        close(descriptor)
    }
}

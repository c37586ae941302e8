import ArgumentParser
import Database
import Foundation
import Logging

/// A fresh database for a measurement.
enum BenchDatabase {
    private static let postgres = ProcessInfo.processInfo.environment["PATCHBAY_TEST_POSTGRES"]

    static func engines(only name: String?) throws -> [Engine] {
        if let name {
            guard let engine = Engine(rawValue: name) else { throw ValidationError("--engine is sqlite or postgres") }
            return [engine]
        }
        return postgres == nil ? [.sqlite] : [.sqlite, .postgres]
    }

    /// The address of a database that is removed after the body, as PATCHBAY_DATABASE_URL wants it.
    static func with<Result>(_ engine: Engine, _ body: (_ url: String, _ folder: String) async throws -> Result)
        async throws
        -> Result
    {
        let name = "patchbay_bench_\(UInt32.random(in: 0...UInt32.max))"
        // Beside the build and not in /tmp, which may be in memory.
        let folder = URL(filePath: FileManager.default.currentDirectoryPath).appending(path: ".build/bench/\(name)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        switch engine {
        case .sqlite:
            return try await body("sqlite:\(folder.path())/patchbay.db", folder.path())
        case .postgres:
            guard let postgres else { throw ValidationError("PATCHBAY_TEST_POSTGRES is not set") }
            let admin = try await Database.open(
                .postgres(url: postgres), connections: 1, logger: Logger(label: "bench"))
            try await admin.write { try $0.execute(SQL(unchecked: "CREATE SCHEMA \(name)")) }
            let result: Swift.Result<Result, any Error>
            do {
                result = .success(
                    try await body("\(postgres)?options=-csearch_path%3D\(name)", folder.path()))
            } catch {
                result = .failure(error)
            }
            try await admin.write { try $0.execute(SQL(unchecked: "DROP SCHEMA \(name) CASCADE")) }
            await admin.close()
            return try result.get()
        }
    }
}

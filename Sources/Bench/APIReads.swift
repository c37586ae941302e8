import API
import Accounts
import Database
import Foundation
import Logging

/// An authenticated GET of a short list, with few and with many API keys.
struct APIReads {
    let engine: Engine
    let seconds: Int

    func run(_ table: inout ResultTable) async throws {
        try await BenchDatabase.with(engine) { url, folder in
            let server = try await ServerProcess.start(databaseURL: url, folder: folder)
            let few = try read(server, folder)
            guard let address = DatabaseAddress(url) else { throw Broken(what: url) }
            let database = try await Database.open(address, logger: Logger(label: "bench"))
            try await makeKeys(10_000, in: database)
            await database.close()
            let many = try read(server, folder)
            server.stop()
            table.add("authenticated GET of a short list, 1 key", few.requestsPerSecond, atLeast: 5_000, "/s")
            table.add("  10,000 keys", many.requestsPerSecond, atLeast: 5_000, "/s")
            table.add("  p99", many.p99, "ms", digits: 1)
            table.add("  failed", Double(few.failures + many.failures), atMost: 0, "", digits: 0)
        }
    }

    private func read(_ server: ServerProcess, _ folder: String) throws -> Wrk {
        try Wrk.run(
            url: "http://127.0.0.1:\(server.port)/api/v1/users/keys?limit=1", seconds: seconds / 2,
            script: "wrk.headers[\"Authorization\"] = \"Bearer \(server.key)\"\n", folder: folder)
    }

    private func makeKeys(_ count: Int, in database: Database) async throws {
        try await database.write { db in
            let user: Int? = try db.first("SELECT id FROM users ORDER BY id LIMIT 1")?["id"]
            for start in stride(from: 0, to: count, by: 500) {
                let rows = (start..<min(start + 500, count)).map { number -> SQL in
                    "(\(user ?? 1), 1, \("key \(number)"), \([UInt8](repeating: 7, count: 32)), 'viewer', \(Date()))"
                }
                try db.execute(
                    "INSERT INTO api_keys (user_id, organization_id, name, secret_hash, role, created_at) VALUES \(rows.joined(", "))"
                )
            }
        }
    }
}

import Accounts
import Database
import Foundation
import Logging

/// The console's pages as one person sees them, with 10,000 rules and 100,000 deliveries in the database.
struct ConsolePages {
    let engine: Engine

    private static let pages = [
        "/", "/rules", "/rules/new", "/forwards", "/deliveries", "/deliveries?state=failed", "/deliveries/500",
        "/tickets/77",
        "/recipients", "/sync", "/connections", "/users", "/keys", "/flags", "/audit", "/settings", "/health",
        "/account",
    ]
    private static let visits = 40

    func run(_ table: inout ResultTable) async throws {
        try await BenchDatabase.with(engine) { url, folder in
            let kinds = ["BOARDS", "RECIPIENTS", "TICKETS", "CATCH_UP", "CALLBACKS"]
            let off = Dictionary(uniqueKeysWithValues: kinds.map { ("PATCHBAY_SYNC_\($0)", "off") })
            let server = try await ServerProcess.start(databaseURL: url, folder: folder, settings: off)
            defer { server.stop() }
            guard let address = DatabaseAddress(url) else { throw Broken(what: url) }
            let database = try await Database.open(address, logger: Logger(label: "bench"))
            try await fill(database)
            try await measureKeys(database, server, &table)
            await database.close()

            var all: [Double] = []
            var slowest = (page: "", time: 0.0)
            for page in Self.pages {
                _ = try await Visitor.get(page, server)
                var times: [Double] = []
                for _ in 0..<Self.visits { times.append(try await Visitor.get(page, server).seconds) }
                let p95 = Samples(times).milliseconds(95)
                if p95 > slowest.time { slowest = (page, p95) }
                all += times
            }
            table.add("page, p95 of all", Samples(all).milliseconds(95), atMost: 30, "ms")
            table.add("  the slowest: \(slowest.page)", slowest.time, atMost: 30, "ms")
            var lists: [Double] = []
            for _ in 0..<Self.visits { lists.append(try await Visitor.get("/deliveries", server).seconds) }
            table.add("list page of 50 rows, p50", Samples(lists).milliseconds(50), atMost: 10, "ms")
            try await measureSize(server, &table)
        }
    }

    /// What a browser loads the first time, and the second.
    private func measureSize(_ server: ServerProcess, _ table: inout ResultTable) async throws {
        let first = try await Visitor.get("/", server)
        let page = String(decoding: try await Visitor.get("/", server, zipped: false).body, as: UTF8.self)
        let names = Set(page.matches(of: /\/assets\/[A-Za-z0-9.\-]+/).map { String($0.output) })
        var sum = first.body.count
        for name in names { sum += try await Visitor.get(name, server).body.count }
        table.add("first page with its assets", Double(sum) / 1_000, atMost: 120, "KB")
        table.add("  later pages", Double(first.body.count) / 1_000, atMost: 15, "KB")
    }

    /// What a check costs in processor time. Waiting for a thread of the database is no cost to others.
    private func measureKeys(
        _ database: Database, _ server: ServerProcess, _ table: inout ResultTable
    ) async throws {
        let (keys, key, count) = (APIKeyStore(database: database), server.key, 5_000)
        _ = try await keys.principal(for: key)
        let before = Self.processorTime()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask { for _ in 0..<count { _ = try await keys.principal(for: key) } }
            }
            try await group.waitForAll()
        }
        table.add("API key check", (Self.processorTime() - before) / Double(4 * count) * 1e6, atMost: 50, "µs")
    }

    private static func processorTime() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    private func fill(_ database: Database) async throws {
        let now = Date()
        try await Visitor.signIn(database)
        try await database.write { db in
            try db.execute(
                """
                INSERT INTO psa_connections (
                    organization_id, provider, name, site, company, hook_key, public_key_hint, private_key_hint,
                    client_id_hint, baseline_at, created_at)
                VALUES (1, 'connectwise', 'ConnectWise', 'na.myconnectwise.net', 'bench', 'bench', '', '', '', \(now), \(now))
                """)
            try db.execute(
                """
                INSERT INTO chat_connections (organization_id, provider, name, url, token_hint, state, created_at)
                VALUES (1, 'webex', 'Webex', 'https://webexapis.com', '', 'ok', \(now))
                """)
            for number in 1...100 {
                try db.execute(
                    """
                    INSERT INTO psa_boards (connection_id, id, name, fetched_at)
                    VALUES (1, \("\(number)"), \("Board \(number)"), \(now))
                    """)
                try db.execute(
                    """
                    INSERT INTO recipients (connection_id, kind, address, address_key, name, created_at)
                    VALUES (1, 'room', \("room-\(number)"), \("room-\(number)"), \("Room \(number)"), \(now))
                    """)
            }
        }
        try await insert(10_000, database) { number in
            [
                .integer(1), .integer(1), .text("\(number / 100 + 1)"), .integer(Int64(number % 100 + 1)), .integer(1),
                .integer(0), .text("all"), .text("all"), .integer(0), now.sqlValue,
            ]
        } statement: { rows in
            """
            INSERT INTO rules (
                organization_id, connection_id, board_id, recipient_id, enabled, simulate, updates, visibility,
                thread_updates, created_at) VALUES \(inserted: rows)
            """
        }
        let details = """
            {"summary":"Printer on the second floor is offline","company":"Ironwood Heating & Air","contact":"Clara Lambert"}
            """
        try await insert(100_000, database) { number in
            [
                .integer(1), .text("\(number / 20)"), .text("note_added"), .text("n\(number)"), .text(details),
                (now - Double(100_000 - number)).sqlValue,
            ]
        } statement: { rows in
            """
            INSERT INTO ticket_events (connection_id, ticket_id, kind, subject, details, created_at) VALUES \(inserted: rows)
            """
        }
        try await insert(100_000, database) { number in
            [
                .integer(1), .integer(Int64(number + 1)), .integer(Int64(number % 100 + 1)), .text("\(number / 20)"),
                .text(number.isMultiple(of: 50) ? "failed" : "sent"), .text("rule on board Service Desk"),
                .integer(1), (now - Double(100_000 - number)).sqlValue,
            ]
        } statement: { rows in
            """
            INSERT INTO deliveries (
                organization_id, event_id, recipient_id, ticket_id, state, reason, attempts, created_at)
            VALUES \(inserted: rows)
            """
        }
        try await database.write { try $0.execute("ANALYZE") }
    }

    private func insert(
        _ count: Int, _ database: Database, row: @escaping @Sendable (Int) -> [SQLValue],
        statement: @escaping @Sendable ([[SQLValue]]) -> SQL
    ) async throws {
        for start in stride(from: 0, to: count, by: 1_000) {
            try await database.write { try $0.execute(statement((start..<min(start + 1_000, count)).map(row))) }
        }
    }
}

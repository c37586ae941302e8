import Accounts
import Database
import Foundation
import Jobs
import Logging
import Notifications
import Ticketing

/// What the server does, beside 10,000 and beside 1,000,000 of everything that it did before: hooks, tickets, notes, events,
/// messages and finished jobs.
///
/// All plans are made while the tables are small, as in the first moments of a new installation.
struct History {
    private static let sizes = [10_000, 1_000_000]
    private static let rounds = 40
    private static let pages = ["/", "/deliveries", "/deliveries?state=failed", "/tickets/1003", "/health"]

    let engine: Engine

    func run(_ table: inout ResultTable) async throws {
        var costs: [[String: Double]] = []
        for size in Self.sizes { costs.append(try await self.costs(beside: size)) }
        for step in costs[0].keys.sorted() {
            let times = costs.map { $0[step] ?? .nan }
            let spelled = times.map { $0.formatted(.number.precision(.fractionLength(2))) }.joined(separator: ", ")
            table.add(
                "\(step) beside 10,000, 1,000,000: \(spelled) ms; ratio", times[1] / times[0], atMost: 1.3, "",
                digits: 2)
        }
    }

    /// In milliseconds.
    private func costs(beside size: Int) async throws -> [String: Double] {
        try await BenchDatabase.with(engine) { url, folder in
            let world = try await PlayedSystems.start()
            let server = try await ServerProcess.start(databaseURL: url, folder: folder, settings: world.settings)
            defer { server.stop() }
            let hookURL = "http://127.0.0.1:\(server.port)" + (try await world.hookPath(of: server))
            try await Pipeline.makeRules(on: server)
            guard let address = DatabaseAddress(url) else { throw Broken(what: url) }
            let database = try await Database.open(address, connections: 1, logger: Logger(label: "bench"))
            try await Visitor.signIn(database)
            for page in Self.pages.filter({ !$0.hasPrefix("/tickets") }) { _ = try await Visitor.get(page, server) }
            _ = try await Pipeline.load(rate: 50, count: 50, hookURL, world, server)
            try await fill(database, size)

            var costs: [String: Double] = [:]
            let load = try await Pipeline.load(rate: 50, count: 500, hookURL, world, server)
            costs["hook to message at 50/s, p50,"] = load.latencies.milliseconds(50)
            costs["processor time a hook at 50/s,"] = load.cpuPerHook * 1_000
            for page in Self.pages {
                var times: [Double] = []
                for _ in 0..<Self.rounds { times.append(try await Visitor.get(page, server).seconds) }
                costs["page \(page), p50,"] = Samples(times).milliseconds(50)
            }
            costs["looking for what is to be forgotten,"] = try await retention(database)
            await database.close()
            server.stop()
            await world.stop()
            return costs
        }
    }

    /// As it is each hour of a year: nothing is old enough.
    private func retention(_ database: Database) async throws -> Double {
        var times: [Double] = []
        let kept = NotificationsFeature.plan.parts.of(TicketListener.self).compactMap(\.keeps)
        for _ in 0..<Self.rounds {
            let (start, now) = (ContinuousClock.now, Date())
            let forgotten = try await database.write { db in
                try JobQueue().forgetHistory(before: now - 400 * 86_400, in: db)
                    + Ticketing.Intake.forgetHooks(before: now - 400 * 86_400, in: db)
                    + EventStore.forget(now: now, unless: kept, in: db) + Retention.forget(now: now, in: db)
            }
            guard forgotten == 0 else { throw Broken(what: "\(forgotten) were forgotten") }
            times.append((ContinuousClock.now - start).inSeconds)
        }
        return Samples(times).milliseconds(50)
    }

    /// A month of history that ended two days ago.
    private func fill(_ database: Database, _ size: Int) async throws {
        let start = Date() - 32 * 86_400
        let at: SQL = "\(start) + number * \(Int64(30 * 86_400_000) / Int64(size))"
        let tables: [SQL] = [
            """
            INSERT INTO hook_inbox (connection_id, ticket_id, action, body, received_at)
            SELECT 1, CAST(number / 5 + 1000 AS TEXT), 'updated', '{}', \(at) FROM numbers
            """,
            """
            INSERT INTO psa_tickets (connection_id, id, summary, closed, resources, refreshed_at)
            SELECT 1, CAST(number + 5000000 AS TEXT), 'Printer is offline', 1, '', \(at) FROM numbers
            """,
            """
            INSERT INTO psa_notes (connection_id, ticket_id, id, kind, text, internal)
            SELECT 1, CAST(number / 5 + 5000000 AS TEXT), CAST(number AS TEXT), 'note', 'It is on again', 1 FROM numbers
            """,
            """
            INSERT INTO ticket_events (connection_id, ticket_id, kind, subject, details, created_at)
            SELECT 1, CAST(number / 5 + 1000 AS TEXT), 'note_added', 'n' || number, '{"summary":"Printer is offline"}', \(at)
            FROM numbers
            """,
            """
            INSERT INTO deliveries (organization_id, event_id, recipient_id, ticket_id, state, reason, created_at)
            SELECT 1, e.id, r.id, e.ticket_id, CASE number % \(size / 100) WHEN 0 THEN 'failed' ELSE 'sent' END, 'rule', \(at)
            FROM numbers JOIN ticket_events e ON e.connection_id = 1 AND e.ticket_id = CAST(number / 5 + 1000 AS TEXT)
                AND e.kind = 'note_added' AND e.subject = 'n' || number
            CROSS JOIN (SELECT MIN(id) AS id FROM recipients) r
            """,
            """
            INSERT INTO job_history (id, kind, lane, failures, created_at, finished_at)
            SELECT -number - 1, 'deliver', 'lane', 0, \(at), \(at) FROM numbers
            """,
        ]
        for table in tables {
            for first in stride(from: 0, to: size, by: 20_000) {
                let numbers: SQL = """
                    WITH RECURSIVE numbers (number) AS (
                        SELECT \(first) UNION ALL SELECT number + 1 FROM numbers
                        WHERE number < \(min(first + 20_000, size) - 1))
                    """
                let statement = numbers + " " + table
                try await database.write { try $0.execute(statement) }
            }
        }
    }
}

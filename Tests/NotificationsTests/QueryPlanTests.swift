import API
import Accounts
import Foundation
import TestSupport
import Testing
import Ticketing
import Tickets
import WebSupport

@testable import Database
@testable import Notifications

/// Asks the database how it would run each statement instead of running it.
private final class Explaining: StatementRunner {
    private let real: Connection
    private(set) var plan: [String] = []

    init(_ real: Connection) { self.real = real }

    func all(_ statement: SQL.Rendered) throws -> [Row] {
        var sql: SQL
        let placeholder: Regex<Substring>
        switch real.engine {
        case .sqlite: (sql, placeholder) = ("EXPLAIN QUERY PLAN ", #/\?/#)
        case .postgres: (sql, placeholder) = ("EXPLAIN ", #/\$\d+/#)
        }
        for (number, piece) in statement.text.split(separator: placeholder, omittingEmptySubsequences: false)
            .enumerated()
        {
            if number > 0 { sql += "\(statement.values[number - 1])" }
            sql += SQL(unchecked: String(piece))
        }
        let column = real.engine == .sqlite ? "detail" : "QUERY PLAN"
        plan += try real.all(sql).map { row in try row[column] }
        return []
    }

    func execute(_ statement: SQL.Rendered) throws -> Int {
        Issue.record("only queries are explained")
        return 0
    }
}

@Suite("How large tables are read", .serialized)
struct QueryPlanTests {
    private func plan(_ db: Connection, _ body: (Connection) throws -> Void) throws -> [String] {
        let explaining = Explaining(db)
        try body(Connection(engine: db.engine, runner: explaining))
        return explaining.plan
    }

    /// The handful of recipients and boards may be read whole; the engines do so once they know how few they are.
    private func isWholeTable(_ step: String) -> Bool {
        let aliases = ["SCAN r", "SCAN d", "SCAN e", "SCAN f", "SCAN deliveries", "SCAN ticket_events"]
        if aliases.contains(where: { step == $0 || step.hasPrefix($0 + " ") }) {
            // Aliases of recipients in other queries than those of rules.
            return true
        }
        return ["rules", "deliveries", "ticket_events", "forwards"].contains { step.contains("Seq Scan on \($0)") }
    }

    /// 10,000 rules on 1,000 boards, 1,000,000 deliveries of 100,000 events of 20,000 tickets to 10 rooms, 1,000 forwards among
    /// 1,000 people.
    private func fill(_ stage: Stage, _ db: Connection) throws {
        let rooms = try stage.rooms((0..<10).map { "\($0)" }, in: db)
        let numbers: SQL = "WITH RECURSIVE n (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 99999)"
        try db.execute(
            """
            \(numbers) INSERT INTO rules (
                organization_id, connection_id, board_id, recipient_id, enabled, simulate, updates, visibility,
                thread_updates, created_at)
            SELECT \(stage.organization), \(stage.psa), CAST(i / 10 AS TEXT), \(rooms[0]) + i % 10, 1, 0, 'none', 'all', 0, 0
            FROM n WHERE i < 10000
            """)
        try db.execute(
            """
            \(numbers) INSERT INTO ticket_events (id, connection_id, ticket_id, kind, subject, details, created_at)
            SELECT i + 1, \(stage.psa), CAST(i / 5 AS TEXT), 'note_added', CAST(i AS TEXT), '{}', 0 FROM n
            """)
        // In parts, because no statement may take 30 s, however busy the machine is.
        for part in 0..<20 {
            try db.execute(
                """
                INSERT INTO deliveries (
                    organization_id, event_id, recipient_id, ticket_id, state, reason, created_at)
                SELECT \(stage.organization), e.id, r.id, e.ticket_id,
                    CASE (e.id + r.id) % 100 WHEN 0 THEN 'failed' ELSE 'sent' END, '', e.id
                FROM ticket_events e CROSS JOIN (SELECT id FROM recipients WHERE kind = 'room') r
                WHERE e.id > \(part * 5_000) AND e.id <= \((part + 1) * 5_000)
                """)
        }
        try db.execute(
            """
            \(numbers) INSERT INTO recipients (connection_id, kind, address, address_key, name, created_at)
            SELECT \(stage.chat), 'person', 'p' || i, 'p' || i, 'p' || i, 0 FROM n WHERE i < 1000
            """)
        let first: Recipient.ID = try db.one("SELECT MIN(id) AS id FROM recipients WHERE kind = 'person'")
        try db.execute(
            """
            \(numbers) INSERT INTO forwards (organization_id, source_id, destination_id, enabled, keep_copy, created_at)
            SELECT \(stage.organization), \(first) + i, \(first) + (i + 1) % 1000, 1, 0, 0 FROM n WHERE i < 1000
            """)
    }

    @Test(
        "No list of rules or deliveries reads a whole table or sorts it",
        arguments: [(Engine.sqlite, false), (.sqlite, true), (.postgres, true)])
    func plans(engine: Engine, analyzed: Bool) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            let stage = try await database.write { db in
                let stage = try Stage(in: db)
                try fill(stage, db)
                if analyzed { try db.execute("ANALYZE") }
                return stage
            }
            try await database.read { db in
                let organization = stage.organization
                let rules = try RuleStore.enabled(on: "17", of: stage.psa, in: db)
                #expect(rules.count == 10)
                let enabled = try plan(db) { _ = try RuleStore.enabled(on: "17", of: stage.psa, in: $0) }
                #expect(!enabled.isEmpty)
                #expect(!enabled.contains(where: isWholeTable), "\(enabled)")

                let filters: [String: DeliveryStore.Filter] = [
                    "none": .init(), "ticket": .init(ticket: "17"), "recipient": .init(recipient: 3),
                    "state": .init(state: .failed), "since": .init(since: instant), "until": .init(until: instant),
                    "ticket and recipient": .init(ticket: "17", recipient: 3),
                ]
                for (name, filter) in filters {
                    for after in [nil, Cursor(key: "50000")] {
                        let page = PageRequest(limit: 50, after: after)
                        let list = try plan(db) {
                            _ = try DeliveryStore.list(of: organization, filter, page: page, in: $0)
                        }
                        #expect(!list.isEmpty)
                        #expect(!list.contains(where: isWholeTable), "\(name): \(list)")
                    }
                }
                for name in ["none", "state", "ticket"] {
                    let list = try plan(db) {
                        _ = try DeliveryStore.list(
                            of: organization, filters[name] ?? .init(), page: PageRequest(), in: $0)
                    }
                    #expect(!list.contains { $0.contains("TEMP B-TREE") }, "\(name): \(list)")
                }
                let list = try plan(db) {
                    _ = try RuleStore.list(
                        of: organization, board: nil, recipient: nil, page: PageRequest(), in: $0)
                }
                #expect(!list.contains { isWholeTable($0) || $0.contains("TEMP B-TREE") }, "\(list)")

                let person: Recipient.ID = try db.one("SELECT MIN(id) AS id FROM recipients WHERE kind = 'person'")
                let leading = try plan(db) { _ = try ForwardStore.leading(from: [person], now: instant, in: $0) }
                #expect(!leading.isEmpty, "\(leading)")
                #expect(!leading.contains(where: isWholeTable), "\(leading)")
                let timeline = try plan(db) {
                    _ = try Timeline.page(of: "17", on: nil, of: organization, page: PageRequest(), in: $0)
                }
                #expect(!timeline.isEmpty, "\(timeline)")
                #expect(!timeline.contains(where: isWholeTable), "\(timeline)")
            }
        }
    }
}

import API
import Accounts
import Database
import Foundation
import Server
import TestSupport
import Testing
import Ticketing
import WebSupport

@testable import WriteBack

@Suite("How posts are found")
struct PostPlanTests {
    private let instant = Date(timeIntervalSince1970: 1_790_000_000)

    @Test("By index, whatever they are filtered by", arguments: TestDatabase.engines, [false, true])
    func plans(engine: Engine, isAnalyzed: Bool) async throws {
        try await TestDatabase.with(engine, migrations: Installation.migrations) { database in
            let organization = try await database.write { db -> Organization.ID in
                try db.one("INSERT INTO organizations (name, created_at) VALUES ('MSP', 0) RETURNING id")
            }
            try await database.write { db in
                try fill(organization, db)
                if isAnalyzed { try db.execute("ANALYZE") }
            }
            // PostgreSQL knows nothing of a table that was never analyzed.
            guard isAnalyzed || engine == .sqlite else { return }
            let (day, soon) = (instant, instant.addingTimeInterval(600))
            let filters: [(PostStore.Filter, index: String)] = [
                (.init(), "posts_"), (.init(user: 3), "posts_of_person"),
                (.init(user: 3, viewer: 4), "posts_of_person"),
                (.init(since: day, until: soon), "posts_by_time"), (.init(since: soon), "posts_by_time"),
                (.init(until: soon), "posts_by_time"), (.init(user: 3, since: day, until: soon), "posts_"),
            ]
            for (filter, index) in filters {
                for after in [nil, Cursor(key: "25000")] {
                    let steps = try await database.read { db in
                        let prefix: SQL = db.engine == .sqlite ? "EXPLAIN QUERY PLAN " : "EXPLAIN "
                        let query = PostStore.selection(of: organization, filter, page: PageRequest(after: after))
                        return try db.all(prefix + query).map { row -> String in
                            try row[db.engine == .sqlite ? "detail" : "QUERY PLAN"]
                        }
                    }
                    #expect(!steps.contains { $0.contains("SCAN") || $0.contains("Seq Scan") }, "\(filter): \(steps)")
                    #expect(steps.contains { $0.contains(index) }, "\(filter): \(steps)")
                }
            }
        }
    }

    /// 50,000 posts of 50 people, two seconds apart.
    private func fill(_ organization: Organization.ID, _ db: Connection) throws {
        let connection: PSAConnection.ID = try db.one(
            """
            INSERT INTO psa_connections (
                organization_id, provider, name, site, company, hook_key, public_key_hint, private_key_hint,
                client_id_hint, state, baseline_at, created_at)
            VALUES (\(organization), 'connectwise', 'PSA', 's', 'c', 'h', '', '', '', 'ok', 0, 0) RETURNING id
            """)
        let request: PostRequest.ID = try db.one(
            """
            INSERT INTO post_requests (
                organization_id, connection_id, ticket_id, kind, asker, request_key, fingerprint, user_name,
                user_email, origin, created_at)
            VALUES (\(organization), \(connection), '1', 'note', 1, 'k', \([UInt8]()), 'A', 'a', 'console', 0)
            RETURNING id
            """)
        try db.execute(
            """
            WITH RECURSIVE n (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 49999)
            INSERT INTO posts (request_id, organization_id, user_id, ticket_id, place, kind, state, created_at)
            SELECT \(request), \(organization), i % 50, CAST(i / 5 AS TEXT), 0, 'note', 'sent',
                CAST(\(instant) AS BIGINT) + CAST(i AS BIGINT) * 2000
            FROM n
            """)
    }
}

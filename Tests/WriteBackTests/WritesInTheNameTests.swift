import API
import Connections
import Foundation
import Sealing
import Server
import TestSupport
import Testing
import Tickets
import WebSupport

@testable import Accounts
@testable import Database
@testable import Jobs
@testable import Ticketing
@testable import WriteBack

@Suite("Writes by jobs in a user's name")
struct WritesInTheNameTests {
    private struct Place {
        let database: Database
        let writes: WritesInTheName
        let organization: Organization.ID
        let connection: PSAConnection.ID

        init(_ database: Database) async throws {
            self.database = database
            let sealer = try Sealer([Secret.generate()])
            (organization, connection) = try await database.write { db in
                let organization: Organization.ID = try db.one(
                    "INSERT INTO organizations (name, created_at) VALUES ('MSP', 0) RETURNING id")
                let connection: PSAConnection.ID = try db.one(
                    """
                    INSERT INTO psa_connections (
                        organization_id, provider, name, site, company, hook_key, public_key_hint, private_key_hint,
                        client_id_hint, state, baseline_at, created_at)
                    VALUES (\(organization), 'connectwise', 'PSA', 's', 'c', 'h', '', '', '', 'ok', 0, 0) RETURNING id
                    """)
                let keys = PSACredentials(publicKey: "a", privateKey: "b", clientID: "c")
                let sealed = try PSAConnections.seal(keys, for: connection, with: sealer)
                try db.execute("UPDATE psa_connections SET sealed_credentials = \(sealed)")
                return (organization, connection)
            }
            let connections = PSAConnections(
                database: database, sealer: sealer, factory: { _ in (NobodyCalls(), NobodyCalls()) })
            writes = WriteBackFeature(database: database, queue: JobQueue(), connections: connections).writes
        }

        func user(_ role: Role = .engineer, limitedTo tenant: Tenant.ID? = nil) async throws -> User.ID {
            let email = "u\(UInt64.random(in: 0...UInt64.max))@msp.example"
            return try await database.write { [organization] db in
                let id: User.ID = try db.one(
                    """
                    INSERT INTO users (organization_id, email, email_key, name, role, limited, created_at)
                    VALUES (\(organization), \(email), \(email), 'Eva', \(role), \(tenant != nil), 0) RETURNING id
                    """)
                if let tenant {
                    try db.execute("INSERT INTO user_tenants (user_id, tenant_id) VALUES (\(id), \(tenant))")
                }
                return id
            }
        }

        func tenant(_ name: String, company: String) async throws -> Tenant.ID {
            try await database.write { [organization] db in
                try db.one(
                    """
                    INSERT INTO tenants (organization_id, name, name_key, psa_company_id, created_at)
                    VALUES (\(organization), \(name), \(name.lowercased()), \(company), 0) RETURNING id
                    """)
            }
        }

        func ask(
            _ draft: PostDraft, on ticket: Ticket.ID, for tenant: Tenant.ID?, in user: User.ID,
            from origin: WritesInTheName.Origin, key: String
        ) async throws -> PostRequest.ID {
            try await writes.ask(
                for: draft, on: ticket, by: .init(user, in: organization, for: tenant, from: origin), key: key)
        }

        func request(_ id: PostRequest.ID) async throws -> PostRequest? {
            try await database.read { try PostStore.request(id, in: $0)?.request }
        }
    }

    private let note = PostDraft(.note, [.note(text: "Done.", type: .internalAnalysis)])

    private func place(_ engine: Engine, _ body: @Sendable (Place) async throws -> Void) async throws {
        try await TestDatabase.with(engine, migrations: Installation.migrations) { database in
            try await body(Place(database))
        }
    }

    private func refusal(_ body: () async throws -> PostRequest.ID) async throws -> String? {
        do {
            _ = try await body()
            return nil
        } catch let problem as Problem {
            return problem.code
        }
    }

    @Test("It is logged with its origin and its person, and becomes one job", arguments: TestDatabase.engines)
    func logged(engine: Engine) async throws {
        try await place(engine) { place in
            let user = try await place.user()
            try await place.database.write { db in
                try db.execute(
                    """
                    INSERT INTO psa_member_mappings (
                        connection_id, user_id, member_id, member_identifier, member_key, member_name, matched_by,
                        created_at, updated_at)
                    VALUES (\(place.connection), \(user), '77', 'eva', 'eva', 'Eva', 'manual_admin', 0, 0)
                    """)
            }
            let ask = {
                try await place.ask(note, on: "42", for: nil, in: user, from: .session(12), key: "session 12 note 1")
            }
            let first = try await ask()
            // A job that runs once more asks once more.
            #expect(try await ask() == first)
            let request = try #require(try await place.request(first))
            #expect(request.origin == "session 12")
            #expect(request.user == user)
            #expect(request.companies == nil)
            let (members, jobs, record) = try await place.database.read { db in
                (
                    try db.all("SELECT member_id FROM posts").map { try $0["member_id"] as String? },
                    try db.all("SELECT priority FROM jobs").map { try $0["priority"] as JobPriority },
                    try db.all("SELECT action, means FROM audit_entries").map { row -> String in
                        "\(try row["action"] as String) \(try row["means"] as String)"
                    }
                )
            }
            #expect(members == ["77"])
            #expect(jobs == [.prompt])
            #expect(record == ["ticket.note session 12"])
        }
    }

    @Test("The key of another write is refused", arguments: TestDatabase.engines)
    func otherKey(engine: Engine) async throws {
        try await place(engine) { place in
            let user = try await place.user()
            _ = try await place.ask(note, on: "42", for: nil, in: user, from: .change(7), key: "k")
            let other = PostDraft(.note, [.note(text: "Other.", type: .internalAnalysis)])
            let code = try await refusal {
                try await place.ask(other, on: "42", for: nil, in: user, from: .change(7), key: "k")
            }
            #expect(code != nil)
        }
    }

    @Test("Rights and customers are those of this moment", arguments: TestDatabase.engines)
    func rights(engine: Engine) async throws {
        try await place(engine) { place in
            let (mine, theirs) = (
                try await place.tenant("Acme", company: "20"), try await place.tenant("Other", company: "21")
            )
            let (engineer, viewer, limited) = (
                try await place.user(), try await place.user(.viewer), try await place.user(limitedTo: mine)
            )
            @Sendable func ask(_ user: User.ID, _ tenant: Tenant.ID?, _ key: String) async throws -> PostRequest.ID {
                try await place.ask(note, on: "42", for: tenant, in: user, from: .session(1), key: key)
            }
            #expect(try await refusal { try await ask(viewer, nil, "a") } == "write_not_allowed")
            #expect(try await refusal { try await ask(limited, theirs, "b") } == "not_found")
            let own = try #require(try await place.request(try await ask(limited, mine, "c")))
            #expect(own.companies == ["20"])
            let all = try #require(try await place.request(try await ask(limited, nil, "d")))
            #expect(all.companies == ["20"])

            _ = try await ask(engineer, nil, "e")
            try await place.database.write { try $0.execute("UPDATE users SET role = 'viewer' WHERE id = \(engineer)") }
            #expect(try await refusal { try await ask(engineer, nil, "f") } == "write_not_allowed")
            try await place.database.write { try $0.execute("UPDATE users SET active = 0 WHERE id = \(limited)") }
            #expect(try await refusal { try await ask(limited, mine, "g") } == "write_not_allowed")
            try await place.database.write { db in
                try FeatureFlagStore.set(.connectWise, to: false, for: place.organization, in: db)
                try db.execute("UPDATE users SET active = 1, role = 'engineer'")
            }
            #expect(try await refusal { try await ask(engineer, nil, "h") } == "write_not_allowed")
        }
    }

    @Test("What was asked for once stays so, whatever became of the rights since", arguments: TestDatabase.engines)
    func repeated(engine: Engine) async throws {
        try await place(engine) { place in
            let user = try await place.user()
            let first = try await place.ask(note, on: "42", for: nil, in: user, from: .session(1), key: "k")
            try await place.database.write { try $0.execute("UPDATE users SET role = 'viewer'") }
            #expect(try await place.ask(note, on: "42", for: nil, in: user, from: .session(1), key: "k") == first)
            // Another session's key of the same name is another one.
            let code = try await refusal {
                try await place.ask(note, on: "42", for: nil, in: user, from: .session(2), key: "k")
            }
            #expect(code == "write_not_allowed")
        }
    }

    @Test("What the program puts together is checked like what people type", arguments: TestDatabase.oneEngine)
    func checked(engine: Engine) async throws {
        try await place(engine) { place in
            let user = try await place.user()
            func time(_ minutes: Int, _ start: Date, _ text: String? = nil) -> PostDraft {
                PostDraft(
                    .time,
                    [
                        .time(
                            minutes: minutes, startedAt: start, workRole: nil, workType: nil, billable: nil, text: text)
                    ])
            }
            let wrong: [PostDraft] = [
                PostDraft(.note, [.note(text: " \0\n", type: .internalAnalysis)]),
                PostDraft(.note, [.note(text: String(repeating: "x", count: 32_001), type: .internalAnalysis)]),
                time(0, Date() - 600), time(1_441, Date() - 600), time(5, Date() + 600), time(5, Date() - 600, ""),
            ]
            for (number, draft) in wrong.enumerated() {
                let code = try await refusal {
                    try await place.ask(draft, on: "42", for: nil, in: user, from: .change(1), key: "k\(number)")
                }
                #expect(code == "validation_failed", "\(draft)")
            }
            _ = try await place.ask(
                time(5, Date(timeIntervalSince1970: 1_790_000_000.5)), on: "42", for: nil, in: user, from: .change(1),
                key: "good")
            let start: Date = try await place.database.read { try $0.one("SELECT started_at FROM posts", "started_at") }
            #expect(start == Date(timeIntervalSince1970: 1_790_000_000))
        }
    }

    @Test("Only a super administrator's work is done in another organization", arguments: TestDatabase.engines)
    func elsewhere(engine: Engine) async throws {
        try await place(engine) { place in
            let visitors: [User.ID] = try await place.database.write { db in
                let home: Organization.ID = try db.one(
                    "INSERT INTO organizations (name, created_at) VALUES ('Other', 0) RETURNING id")
                return try [Role.owner, .superAdmin].map { role in
                    try db.one(
                        """
                        INSERT INTO users (organization_id, email, email_key, name, role, created_at)
                        VALUES (\(home), \(role.rawValue), \(role.rawValue), 'V', \(role), 0) RETURNING id
                        """)
                }
            }
            let code = try await refusal {
                try await place.ask(note, on: "42", for: nil, in: visitors[0], from: .session(1), key: "k")
            }
            #expect(code == "write_not_allowed")
            let id = try await place.ask(note, on: "42", for: nil, in: visitors[1], from: .session(1), key: "k")
            #expect(try await place.request(id)?.organization == place.organization)
        }
    }

    @Test("More in a minute than requests may ask for are taken", arguments: TestDatabase.oneEngine)
    func noLimit(engine: Engine) async throws {
        try await place(engine) { place in
            let user = try await place.user()
            for number in 0..<30 {
                _ = try await place.ask(
                    note, on: .init("\(number + 1)"), for: nil, in: user, from: .change(1), key: "k\(number)")
            }
            let count: Int = try await place.database.read { try $0.one("SELECT COUNT(*) AS id FROM post_requests") }
            #expect(count == 30)
        }
    }

    @Test(
        "Posts waiting for a connection fail if it leads elsewhere, and continue once it is usable",
        arguments: TestDatabase.engines)
    func connectionNews(engine: Engine) async throws {
        try await place(engine) { place in
            let user = try await place.user()
            _ = try await place.ask(note, on: "42", for: nil, in: user, from: .change(1), key: "k")
            let sent = try await place.ask(note, on: "43", for: nil, in: user, from: .change(1), key: "sent")
            let listeners: [PSAConnectionListener] = WriteBackFeature.plan.parts.of()
            let (later, now) = (Date(timeIntervalSinceNow: 500), Date())
            try await place.database.write { db in
                let found: PSAConnection? = try db.first("SELECT * FROM psa_connections")
                let connection = try #require(found)
                try db.execute("UPDATE posts SET state = 'sent' WHERE request_id = \(sent)")
                try db.execute("UPDATE jobs SET run_at = \(later)")
                try JobQueue().pause(
                    laneGroup: PSAConnection.postGroup(connection.id), until: later, reason: "closed", now: now, in: db)
                for listener in listeners { try listener.hear(.usable, connection, now, db) }
                let times = try db.all("SELECT run_at FROM jobs").map { try $0["run_at"] as Date }
                #expect(times.allSatisfy { $0 < later })
                #expect(try db.first("SELECT 1 FROM lane_pauses") == nil)
                for listener in listeners { try listener.hear(.moved, connection, now, db) }
                let states = try db.all("SELECT state, error_code FROM posts ORDER BY id").map { row -> String in
                    "\(try row["state"] as String) \(try row["error_code"] as String? ?? "-")"
                }
                #expect(states == ["failed connection_moved", "sent -"])
            }
        }
    }
}

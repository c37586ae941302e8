import API
import Accounts
import Connections
import Database
import Foundation
import Sealing
import TestSupport
import Testing
import WebSupport

@testable import Ticketing

/// Connections on a database, with a fake ticketing system.
private struct Bench {
    let database: Database
    let connections: PSAConnections
    let factory = FakeFactory()
    let heard = MutexBox<[String]>([])
    let sealer: Sealer
    let clock = TestClock()
    let organization: Organization.ID

    init(_ database: Database) async throws {
        self.database = database
        sealer = try Sealer([Secret.generate()])
        let listener = PSAConnectionListener { [heard] news, connection, _, _ in
            heard.change { $0.append("\(news) to \(connection.site)") }
        }
        connections = PSAConnections(
            database: database, sealer: sealer, listeners: [listener], factory: factory.make,
            now: { [clock] in clock.now })
        organization = try await database.organization()
    }

    var psa: FakePSA { factory.psa }

    /// - Parameter elsewhere: in an organization of its own.
    func created(_ wanted: PSAConnectionDraft? = nil, elsewhere: Bool = false) async throws -> PSAConnection {
        psa.expectTest()
        let organization = elsewhere ? try await database.organization() : organization
        return try await connections.create(wanted ?? draft(), for: organization)
    }

    func stored(_ id: PSAConnection.ID) async throws -> PSAConnection? {
        try await connections.find(id, of: organization)
    }
}

@Suite("Connections to ticketing systems")
struct PSAConnectionsTests {
    private func bench(_ engine: Engine, _ body: @Sendable (Bench) async throws -> Void) async throws {
        try await TestDatabase.with(engine, migrations: ticketing) { try await body(Bench($0)) }
    }

    // MARK: Making

    @Test("A new one is tested, then saved with a baseline of now", arguments: TestDatabase.engines)
    func create(engine: Engine) async throws {
        try await bench(engine) { bench in
            let connection = try await bench.created()
            #expect(bench.psa.calls == [.test])
            #expect(
                bench.factory.targets == [
                    PSATarget(connection: nil, site: "na.myconnectwise.net", company: "acme", credentials: credentials)
                ])
            #expect(connection.state == .ok)
            #expect(connection.isActive)
            #expect(connection.lastValidatedAt == bench.clock.now)
            #expect(connection.baselineAt == bench.clock.now)
            #expect(connection.createdAt == bench.clock.now)
            #expect(try await bench.stored(connection.id) == connection)
            let second = try await bench.created(draft(company: "other"), elsewhere: true)
            #expect(second.hookKey != connection.hookKey)
        }
    }

    @Test("One that cannot connect is not saved", arguments: TestDatabase.engines)
    func createFails(engine: Engine) async throws {
        try await bench(engine) { bench in
            bench.psa.expectTest(.failure(.authentication("bad key")))
            await #expect(throws: Problem.self) { try await bench.connections.create(draft(), for: bench.organization) }
            let saved = try await bench.connections.list(of: bench.organization, page: PageRequest())
            #expect(saved.items.isEmpty)
        }
    }

    @Test("One that the configuration names is kept untested, and only once", arguments: TestDatabase.engines)
    func keep(engine: Engine) async throws {
        try await bench(engine) { bench in
            let first = try await bench.connections.keep(draft(), for: bench.organization)
            #expect(first.state == .untested)
            #expect(first.lastValidatedAt == nil)
            #expect(try await bench.connections.keep(draft(), for: bench.organization) == first)
            var changed = credentials
            changed.privateKey = "another-key-9999"
            let second = try await bench.connections.keep(draft(credentials: changed), for: bench.organization)
            #expect(second.id == first.id)
            #expect(second.hookKey == first.hookKey)
            #expect(second.baselineAt == first.baselineAt)
            #expect(second.hints.privateKey == "••••••9999")
            #expect(try await bench.connections.live(first.id)?.connection.id == first.id)
            #expect(bench.factory.targets.last?.credentials == changed)
            let other = try await bench.connections.keep(draft(company: "other"), for: bench.organization)
            #expect(other.id != first.id)
            // The configuration says which one is used.
            #expect(try await bench.stored(first.id)?.isActive == false)
            #expect(bench.psa.calls.isEmpty)
        }
    }

    @Test("Servers that start together keep one", arguments: TestDatabase.engines)
    func keepTogether(engine: Engine) async throws {
        try await bench(engine) { bench in
            let kept = try await withThrowingTaskGroup(of: PSAConnection.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await bench.connections.keep(draft(), for: bench.organization) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(kept.map(\.id)).count == 1)
            #expect(Set(kept.map(\.hookKey)).count == 1)
            #expect(kept.allSatisfy { $0.isActive })
        }
    }

    // MARK: Changing

    @Test("A change of the name alone tests nothing and proves nothing", arguments: TestDatabase.engines)
    func rename(engine: Engine) async throws {
        try await bench(engine) { bench in
            let connection = try await bench.created()
            bench.clock.advance(by: .seconds(60))
            let renamed = try #require(
                try await bench.connections.update(
                    connection.id, of: bench.organization, with: PSAConnectionChange(name: "New")))
            #expect(renamed.name == "New")
            #expect(renamed.state == .ok)
            #expect(renamed.lastValidatedAt == connection.lastValidatedAt)
            #expect(renamed.baselineAt == connection.baselineAt)
            #expect(bench.psa.calls == [.test])
        }
    }

    @Test("A new key is tested before it is saved", arguments: TestDatabase.engines)
    func newKey(engine: Engine) async throws {
        try await bench(engine) { bench in
            let connection = try await bench.created()
            bench.clock.advance(by: .seconds(60))
            bench.psa.expectTest(.failure(.permission("no right")))
            let change = PSAConnectionChange(privateKey: "another-key-9999")
            await #expect(throws: Problem.self) {
                try await bench.connections.update(connection.id, of: bench.organization, with: change)
            }
            #expect(try await bench.stored(connection.id) == connection)
            bench.psa.expectTest()
            let changed = try await bench.connections.update(connection.id, of: bench.organization, with: change)
            #expect(changed?.hints.privateKey == "••••••9999")
            #expect(changed?.lastValidatedAt == bench.clock.now)
            #expect(bench.factory.targets.last?.credentials.privateKey == "another-key-9999")
            #expect(bench.factory.targets.last?.credentials.publicKey == credentials.publicKey)
        }
    }

    @Test(
        "The site changes only with the private key, so that stored keys go nowhere else",
        arguments: [
            PSAConnectionChange(site: "evil.example.com"),
            PSAConnectionChange(site: "evil.example.com", publicKey: "p"),
            PSAConnectionChange(site: "na.myconnectwise.net", company: "ACME"),
            PSAConnectionChange(site: "na.myconnectwise.net:444"),
        ])
    func redirect(change: PSAConnectionChange) async throws {
        try await bench(.sqlite) { bench in
            let connection = try await bench.created()
            let problem = await #expect(throws: Problem.self) {
                try await bench.connections.update(connection.id, of: bench.organization, with: change)
            }
            #expect(problem?.errors.map(\.field) == ["private_key"])
            #expect(bench.factory.targets.count == 1)
            #expect(try await bench.stored(connection.id) == connection)
            bench.psa.expectTest()
            var complete = change
            complete.privateKey = "another-key-9999"
            let moved = try await bench.connections.update(connection.id, of: bench.organization, with: complete)
            #expect(moved?.site == change.site ?? connection.site)
            #expect(moved?.company == change.company ?? connection.company)
        }
    }

    @Test("Another company is another system, whose tickets have the same numbers: refused")
    func otherCompany() async throws {
        try await bench(.sqlite) { bench in
            let connection = try await bench.created()
            let problem = await #expect(throws: Problem.self) {
                try await bench.connections.update(
                    connection.id, of: bench.organization, with: PSAConnectionChange(company: "other", privateKey: "k"))
            }
            #expect(problem?.errors.map(\.field) == ["company"])
            #expect(try await bench.stored(connection.id) == connection)
        }
    }

    @Test("Listeners are notified of changes to a connection", arguments: TestDatabase.engines)
    func heard(engine: Engine) async throws {
        try await bench(engine) { bench in
            let connection = try await bench.created()
            bench.psa.expectTest()
            let moved = try await bench.connections.update(
                connection.id, of: bench.organization,
                with: PSAConnectionChange(site: "eu.myconnectwise.net", privateKey: "k"))
            #expect(moved?.site == "eu.myconnectwise.net")
            #expect(bench.heard.value == ["moved to eu.myconnectwise.net"])
            #expect(try await bench.connections.delete(connection.id, of: bench.organization))
            #expect(bench.heard.value.last == "removed to eu.myconnectwise.net")
        }
    }

    @Test("Changes that someone else makes while a new key is tested stay", arguments: TestDatabase.engines)
    func changedMeanwhile(engine: Engine) async throws {
        try await bench(engine) { bench in
            let connection = try await bench.created()
            bench.psa.onTest = {
                _ = try await bench.connections.update(
                    connection.id, of: bench.organization, with: PSAConnectionChange(name: "Renamed", isActive: false))
            }
            bench.psa.expectTest()
            let changed = try await bench.connections.update(
                connection.id, of: bench.organization, with: PSAConnectionChange(privateKey: "another-key-9999"))
            #expect(changed?.name == "Renamed")
            #expect(changed?.isActive == false)
            #expect(changed?.hints.privateKey == "••••••9999")
        }
    }

    @Test(
        "New keys for the same system take the old ones' place; what hangs on it stays", arguments: TestDatabase.engines
    )
    func replaced(engine: Engine) async throws {
        try await bench(engine) { bench in
            let first = try await bench.created()
            var settings = PSASettings()
            settings.minutes = 40
            _ = try await bench.connections.set(settings, of: first.id, bench.organization) { _, _, _ in }
            var wanted = try draft(
                credentials: PSACredentials(publicKey: "p", privateKey: "another-key-9999", clientID: "c"))
            wanted.replaces = true
            let second = try await bench.created(wanted)
            #expect(second.id == first.id)
            #expect(second.hookKey == first.hookKey)
            #expect(second.settings.minutes == 40)
            #expect(second.hints.privateKey == "••••••9999")
        }
    }

    @Test("The same site and company again is no move", arguments: TestDatabase.engines)
    func sameSite(engine: Engine) async throws {
        try await bench(engine) { bench in
            let connection = try await bench.created()
            bench.psa.expectTest()
            let change = PSAConnectionChange(site: connection.site, company: connection.company)
            #expect(try await bench.connections.update(connection.id, of: bench.organization, with: change) != nil)
        }
    }

    @Test("It can be set aside, and its baseline moved", arguments: TestDatabase.engines)
    func baseline(engine: Engine) async throws {
        try await bench(engine) { bench in
            let connection = try await bench.created()
            let baseline = bench.clock.now.addingTimeInterval(500)
            let changed = try await bench.connections.update(
                connection.id, of: bench.organization, with: PSAConnectionChange(isActive: false, baselineAt: baseline))
            #expect(changed?.isActive == false)
            #expect(changed?.baselineAt == baseline)
            #expect(bench.psa.calls == [.test])
        }
    }

    @Test("Another organization's connection does not exist", arguments: TestDatabase.engines)
    func foreign(engine: Engine) async throws {
        try await bench(engine) { bench in
            let connection = try await bench.created()
            let foreign = try await bench.database.organization()
            #expect(try await bench.connections.find(connection.id, of: foreign) == nil)
            #expect(try await bench.connections.list(of: foreign, page: PageRequest()).items.isEmpty)
            let change = PSAConnectionChange(name: "Mine")
            #expect(try await bench.connections.update(connection.id, of: foreign, with: change) == nil)
            #expect(try await bench.connections.test(connection.id, of: foreign) { _, _ in } == nil)
            #expect(try await !bench.connections.delete(connection.id, of: foreign))
            #expect(try await bench.stored(connection.id) == connection)
            #expect(try await bench.connections.delete(connection.id, of: bench.organization))
            #expect(try await bench.stored(connection.id) == nil)
            #expect(try await !bench.connections.delete(connection.id, of: bench.organization))
        }
    }

    @Test("A successful test resumes what waited, in one transaction", arguments: TestDatabase.engines)
    func test(engine: Engine) async throws {
        try await bench(engine) { bench in
            let connection = try await bench.created()
            try await bench.database.write { db in
                try ConnectionFamily.psa.record(.paused, reason: "refused", of: connection.id, in: db)
            }
            bench.psa.expectTest(.failure(.authentication("still")))
            await #expect(throws: Problem.self) {
                try await bench.connections.test(connection.id, of: bench.organization) { _, _ in
                    Issue.record("resumed after a failed test")
                }
            }
            #expect(try await bench.stored(connection.id)?.stateReason == "refused")

            struct Stop: Error {}
            bench.psa.expectTest()
            await #expect(throws: Stop.self) {
                try await bench.connections.test(connection.id, of: bench.organization) { _, _ in throw Stop() }
            }
            #expect(try await bench.stored(connection.id)?.state == .paused)

            bench.clock.advance(by: .seconds(60))
            bench.psa.expectTest()
            let resumed = MutexBox<[PSAConnection.ID]>([])
            let tested = try await bench.connections.test(connection.id, of: bench.organization) { connection, _ in
                resumed.change { $0.append(connection.id) }
            }
            #expect(tested?.state == .ok)
            #expect(tested?.stateReason == nil)
            #expect(tested?.lastValidatedAt == bench.clock.now)
            #expect(resumed.value == [connection.id])
        }
    }

    // MARK: Credentials

    @Test("No column holds a credential in clear; hints show the end only", arguments: TestDatabase.engines)
    func sealed(engine: Engine) async throws {
        try await bench(engine) { bench in
            let short = PSACredentials(
                publicKey: "short", privateKey: credentials.privateKey, clientID: credentials.clientID)
            let connection = try await bench.created(draft(credentials: short))
            #expect(
                connection.hints
                    == PSAConnection.Hints(publicKey: "••••••", privateKey: "••••••5678", clientID: "••••••abcd"))
            let columns = [
                "provider", "name", "site", "company", "hook_key", "sealed_credentials", "public_key_hint",
                "private_key_hint", "client_id_hint", "state", "state_reason",
            ]
            let texts = try await bench.database.read { db in
                guard let row = try db.first("SELECT * FROM psa_connections") else { return [String]() }
                return try columns.compactMap { try row[$0] as String? }
            }
            #expect(texts.count >= 10)
            for text in texts {
                #expect(!text.contains(short.privateKey))
                #expect(!text.contains("short"))
                #expect(!text.contains(short.clientID))
            }
            #expect(!"\(connection)".contains(short.privateKey))
        }
    }

    @Test("A ciphertext that was moved to another row does not open", arguments: TestDatabase.engines)
    func moved(engine: Engine) async throws {
        try await bench(engine) { bench in
            let mine = try await bench.created()
            let other = try await bench.created(draft(company: "other"), elsewhere: true)
            try await bench.database.write { db in
                try db.execute(
                    """
                    UPDATE psa_connections SET sealed_credentials = (
                        SELECT sealed_credentials FROM psa_connections WHERE id = \(mine.id)) WHERE id = \(other.id)
                    """)
            }
            let unusable = try #require(try await bench.connections.live(other.id))
            let error = await #expect(throws: PSAError.self) { try await unusable.provider.test() }
            guard case .unusable = error else {
                Issue.record("not \(String(describing: error))")
                return
            }
            #expect(try await bench.connections.live(mine.id) != nil)
        }
    }

    // MARK: In use

    @Test("One in use is made once until something changes, here or on another server", arguments: TestDatabase.engines)
    func cache(engine: Engine) async throws {
        try await TestDatabase.withAddress(engine, migrations: ticketing) { address in
            let database = try await Database.open(address, connections: 4, logger: TestDatabase.logger)
            let bench = try await Bench(database)
            let connection = try await bench.created()
            // SQLite serves one process, so the other server shares its database there.
            let second =
                engine == .postgres
                ? try await Database.open(address, connections: 4, logger: TestDatabase.logger) : database
            let elsewhere = FakeFactory()
            let others = PSAConnections(database: second, sealer: bench.sealer, factory: elsewhere.make)
            // Before anybody follows changes: who begins to listen forgets what is at hand.
            for connections in [bench.connections, others] {
                _ = try await connections.live(connection.id)
                _ = try await connections.live(hookKey: connection.hookKey, company: nil)
            }
            #expect(bench.factory.targets.count == 2)
            #expect(elsewhere.targets.count == 1)
            try await withThrowingTaskGroup { group in
                group.addTask { await bench.connections.followChanges() }
                group.addTask { await others.followChanges() }
                // Raised until heard: nothing tells when the followers have begun to listen.
                try await eventually("both look again") {
                    _ = try await bench.connections.update(
                        connection.id, of: bench.organization, with: PSAConnectionChange(name: "New"))
                    let here = try await bench.connections.live(connection.id)
                    let there = try await others.live(hookKey: connection.hookKey, company: nil)
                    return here?.connection.name == "New" && there?.connection.name == "New"
                }
                group.cancelAll()
            }
            if engine == .postgres { await second.close() }
            await database.close()
        }
    }

    @Test(
        "A hook's connection is found by its key, else by the only one of its company", arguments: TestDatabase.engines)
    func hooks(engine: Engine) async throws {
        try await bench(engine) { bench in
            let mine = try await bench.created(draft(company: "Acme"))
            let umlaut = try await bench.created(draft(company: "Über AG"), elsewhere: true)
            func found(_ hookKey: String?, _ company: String?) async throws -> PSAConnection.ID? {
                try await bench.connections.live(hookKey: hookKey, company: company)?.connection.id
            }
            #expect(try await found(mine.hookKey, nil) == mine.id)
            #expect(try await found(mine.hookKey, "other") == mine.id)
            #expect(try await found("unknown", "acme") == nil)
            #expect(try await found(nil, "aCMe") == mine.id)
            #expect(try await found(nil, "Über AG") == umlaut.id)
            #expect(try await found(nil, "other") == nil)
            #expect(try await found(nil, nil) == nil)
            let twin = try await bench.created(draft(site: "eu.myconnectwise.net", company: "ACME"), elsewhere: true)
            #expect(try await found(nil, "acme") == nil)
            #expect(try await found(twin.hookKey, "acme") == twin.id)
        }
    }

    @Test("A callback to a disabled connection finds nothing", arguments: TestDatabase.engines)
    func inactiveHook(engine: Engine) async throws {
        try await bench(engine) { bench in
            let connection = try await bench.created()
            _ = try await bench.connections.update(
                connection.id, of: bench.organization, with: PSAConnectionChange(isActive: false))
            #expect(try await bench.connections.live(hookKey: connection.hookKey, company: nil) == nil)
            #expect(try await bench.connections.live(hookKey: nil, company: "acme") == nil)
            #expect(try await bench.connections.live(connection.id)?.connection.isActive == false)
            #expect(try await bench.connections.live(hookKey: connection.hookKey, company: nil) == nil)
        }
    }

    @Test("One that is gone is not in use", arguments: TestDatabase.engines)
    func gone(engine: Engine) async throws {
        try await bench(engine) { bench in
            let live = try await bench.connections.live(99)
            #expect(live == nil)
        }
    }
}

import Accounts
import BoundaryText
import Connections
import Database
import Foundation
import Sealing
import WebSupport

/// Making, testing, changing and removing connections.
extension PSAConnections {
    /// Runs in the transaction that changes a connection, with its old and its new state.
    public typealias Recording = @Sendable (PSAConnection?, PSAConnection?, Connection) throws -> Void

    /// Saves a new connection after its test succeeded. Everything older than this moment is stored silently.
    public func create(
        _ draft: PSAConnectionDraft, for organization: Organization.ID, recorded: @escaping Recording = { _, _, _ in }
    ) async throws -> PSAConnection {
        // Before the test, so that no one waits for something that cannot be saved.
        try await database.read { try Self.requireFree(draft, except: nil, of: organization, in: $0) }
        try await test(try PSATarget(draft))
        return try await database.write { db in
            try Self.lockChanges(of: organization, in: db)
            // New keys for the same system: what hangs on the connection stays.
            guard draft.replaces, let row = try Self.row(like: draft, of: organization, in: db) else {
                let connection = try self.insert(draft, for: organization, state: .ok, in: db)
                try recorded(nil, connection, db)
                return connection
            }
            let present = try PSAConnection(row: row)
            let stored = try self.store(draft, in: present, state: .ok, validatedAt: self.now(), in: db)
            try recorded(present, stored, db)
            return stored
        }
    }

    /// Saves a connection that the configuration names, untested: the ticketing system may be down when we start.
    public func keep(_ draft: PSAConnectionDraft, for organization: Organization.ID) async throws -> PSAConnection {
        var wanted = draft
        wanted.replaces = true
        let draft = wanted
        return try await database.write { db in
            // Servers that start together would each find none.
            try Self.lockChanges(of: organization, in: db)
            guard let present = try Self.row(like: draft, of: organization, in: db) else {
                return try self.insert(draft, for: organization, state: .untested, in: db)
            }
            let connection = try PSAConnection(row: present)
            let credentials = try? self.open(try present["sealed_credentials"], of: connection.id)
            guard credentials != draft.credentials || !connection.isActive else { return connection }
            return try self.store(
                draft, in: connection, state: .untested, validatedAt: connection.lastValidatedAt, in: db)
        }
    }

    /// The connection of the same customer, or of the MSP, to the same system.
    private static func row(
        like draft: PSAConnectionDraft, of organization: Organization.ID, in db: Connection
    ) throws -> Row? {
        try db.first(
            """
            SELECT * FROM psa_connections WHERE organization_id = \(organization)
                AND COALESCE(tenant_id, 0) = \(draft.tenant ?? 0) AND provider = \(draft.provider)
                AND site = \(draft.site) AND company = \(draft.company)
            ORDER BY id LIMIT 1
            """)
    }

    private func insert(
        _ draft: PSAConnectionDraft, for organization: Organization.ID, state: ConnectionState, in db: Connection
    ) throws -> PSAConnection {
        guard let credentials = draft.credentials else {
            throw DatabaseError.statement("a new connection has no credentials")
        }
        let instant = now()
        let validated = state == .ok ? instant : nil
        let hookKey = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        let settings = try draft.settings.text()
        try Self.claim(for: draft, except: nil, of: organization, in: db)
        let id: PSAConnection.ID? = try db.first(
            """
            INSERT INTO psa_connections (
                organization_id, tenant_id, settings, provider, name, site, company, hook_key, public_key_hint, private_key_hint,
                client_id_hint, state, last_validated_at, baseline_at, created_at)
            VALUES (
                \(organization), \(orNull: draft.tenant), \(settings), \(draft.provider), \(draft.name), \(draft.site), \(draft.company), \(hookKey),
                \(Hint(of: credentials.publicKey).description),
                \(Hint(of: credentials.privateKey).description),
                \(Hint(of: credentials.clientID).description), \(state), \(orNull: validated), \(instant),
                \(instant))
            RETURNING id
            """)?["id"]
        guard let id else { throw DatabaseError.statement("a new connection has no id") }
        let sealed = try Self.seal(credentials, for: id, with: sealer)
        try db.execute("UPDATE psa_connections SET sealed_credentials = \(sealed) WHERE id = \(id)")
        db.signal(.connections)
        return try Self.stored(id, in: db)
    }

    /// Changes a connection; tests it first if anything changes that matters to the connection itself.
    /// - Parameter resume: runs in the transaction when a test has just succeeded, or the connection is switched on again.
    /// - Returns: nil when there is no such connection.
    public func update(
        _ id: PSAConnection.ID, of organization: Organization.ID, with change: PSAConnectionChange,
        recorded: @escaping Recording = { _, _, _ in },
        resume: @escaping @Sendable (PSAConnection, Connection) throws -> Void = { _, _ in }
    ) async throws -> PSAConnection? {
        let selection: SQL = "SELECT * FROM psa_connections WHERE id = \(id) AND organization_id = \(organization)"
        @Sendable func wanted(_ row: Row) throws -> (PSAConnection, PSAConnectionDraft) {
            let connection = try PSAConnection(row: row)
            let draft = try change.applied(to: connection) { try open(try row["sealed_credentials"], of: id) }
            return (connection, draft)
        }
        guard let row = try await database.read({ try $0.first(selection) }) else { return nil }
        let (_, tested) = try wanted(row)
        let touches = change.touchesConnection
        if touches { try await test(try PSATarget(tested)) }
        return try await database.write { db in
            // Changes that someone else made during the test stay.
            try Self.lockChanges(of: organization, in: db)
            guard let row = try db.first(selection) else { return nil }
            let (connection, draft) = try wanted(row)
            guard try !touches || PSATarget(draft) == PSATarget(tested) else {
                throw Problem.conflict(
                    code: "edit_conflict",
                    "The connection was changed while it was tested. Nothing was saved. Try again.")
            }
            let stored = try self.store(
                draft, in: connection, state: touches ? .ok : connection.state,
                validatedAt: touches ? self.now() : connection.lastValidatedAt, in: db)
            if stored.site != connection.site { try self.tell(.moved, of: stored, in: db) }
            if touches { try PSALists.forget(of: id, in: db) }
            if touches || stored.isActive && !connection.isActive { try resume(stored, db) }
            try recorded(connection, stored, db)
            return stored
        }
    }

    private func store(
        _ draft: PSAConnectionDraft, in connection: PSAConnection, state: ConnectionState, validatedAt: Date?,
        in db: Connection
    ) throws -> PSAConnection {
        let id = connection.id
        var wanted = draft
        wanted.tenant = connection.tenant
        try Self.claim(for: wanted, except: id, of: connection.organization, in: db)
        try db.execute(
            """
            UPDATE psa_connections SET
                name = \(draft.name), site = \(draft.site), company = \(draft.company),
                active = \(draft.isActive), baseline_at = \(draft.baselineAt ?? connection.baselineAt),
                state = \(state), state_reason = \(orNull: state == .paused ? connection.stateReason : nil),
                last_validated_at = \(orNull: validatedAt)
            WHERE id = \(id)
            """)
        if let credentials = draft.credentials { try store(credentials, of: id, in: db) }
        db.signal(.connections)
        return try Self.stored(id, in: db)
    }

    private func store(_ credentials: PSACredentials, of id: PSAConnection.ID, in db: Connection) throws {
        try db.execute(
            """
            UPDATE psa_connections SET
                sealed_credentials = \(try Self.seal(credentials, for: id, with: sealer)),
                public_key_hint = \(Hint(of: credentials.publicKey).description),
                private_key_hint = \(Hint(of: credentials.privateKey).description),
                client_id_hint = \(Hint(of: credentials.clientID).description)
            WHERE id = \(id)
            """)
    }

    /// One is used for each customer and one for all others; a second would be used by chance.
    private static func requireFree(
        _ draft: PSAConnectionDraft, except id: PSAConnection.ID?, of organization: Organization.ID, in db: Connection
    ) throws {
        guard draft.isActive, !draft.replaces else { return }
        let other: String? = try db.first(
            """
            SELECT name FROM psa_connections WHERE organization_id = \(organization) AND active = 1
                AND COALESCE(tenant_id, 0) = \(draft.tenant ?? 0) AND id <> \(id ?? 0)
            """)?["name"]
        guard let other else { return }
        throw Problem.conflict(
            code: "already_connected",
            "\(other) is already enabled. Edit it, or disable it before you enable another connection.")
    }

    private static func lockChanges(of organization: Organization.ID, in db: Connection) throws {
        try db.lock("psa_connections:\(organization)")
    }

    /// Makes sure that a connection may be the one in use, if it is to be.
    private static func claim(
        for draft: PSAConnectionDraft, except id: PSAConnection.ID?, of organization: Organization.ID, in db: Connection
    ) throws {
        try lockChanges(of: organization, in: db)
        try requireFree(draft, except: id, of: organization, in: db)
        guard draft.replaces else { return }
        try db.execute(
            """
            UPDATE psa_connections SET active = 0 WHERE organization_id = \(organization)
                AND COALESCE(tenant_id, 0) = \(draft.tenant ?? 0) AND id <> \(id ?? 0)
            """)
    }

    /// Changes what applies where a request says nothing else.
    /// - Parameter version: of the settings that these replace; nil for whatever is there.
    /// - Returns: nil when there is no such connection.
    /// - Throws: 412 when somebody else changed them since.
    public func set(
        _ settings: PSASettings, replacing version: Int? = nil, of id: PSAConnection.ID,
        _ organization: Organization.ID, recorded: @escaping Recording
    ) async throws -> PSAConnection? {
        let text = try settings.text()
        return try await database.write { db in
            // Two at once would each find the version that they know.
            try Self.lockChanges(of: organization, in: db)
            let old = try db.first(
                "SELECT * FROM psa_connections WHERE id = \(id) AND organization_id = \(organization)",
                as: PSAConnection.self)
            guard let old else { return nil }
            guard version ?? old.settingsVersion == old.settingsVersion else {
                throw PSAConnectionProblem.staleSettings
            }
            try db.execute(
                """
                UPDATE psa_connections SET settings = \(text), settings_version = settings_version + 1
                WHERE id = \(id)
                """)
            db.signal(.connections)
            let stored = try Self.stored(id, in: db)
            try recorded(old, stored, db)
            return stored
        }
    }

    /// Removes a connection with its copies.
    /// - Returns: false when there is no such connection.
    public func delete(
        _ id: PSAConnection.ID, of organization: Organization.ID, recorded: @escaping Recording = { _, _, _ in }
    ) async throws -> Bool {
        try await database.write { db in
            let isTheirs = "id = \(id) AND organization_id = \(organization)" as SQL
            guard let old = try db.first("SELECT * FROM psa_connections WHERE \(isTheirs)", as: PSAConnection.self)
            else { return false }
            try self.tell(.removed, of: old, in: db)
            try Silence.forget(old, now: self.now(), in: db)
            guard try db.execute("DELETE FROM psa_connections WHERE \(isTheirs)") > 0 else { return false }
            db.signal(.connections)
            try recorded(old, nil, db)
            return true
        }
    }

    /// Tests a stored connection. What was waiting for it goes on at once when it succeeds.
    /// - Parameter resume: runs with the new state, in its transaction.
    /// - Returns: nil when there is no such connection.
    public func test(
        _ id: PSAConnection.ID, of organization: Organization.ID,
        resume: @escaping @Sendable (PSAConnection, Connection) throws -> Void
    ) async throws -> PSAConnection? {
        let row = try await database.read { db in
            try db.first("SELECT * FROM psa_connections WHERE id = \(id) AND organization_id = \(organization)")
        }
        guard let row else { return nil }
        let connection = try PSAConnection(row: row)
        // Like a new connection: a test should not be refused because earlier calls failed.
        let target: PSATarget
        do {
            target = try self.target(of: connection, in: row, as: nil)
        } catch let error as SealingError {
            throw PSAConnectionProblem.problem(.unusable(error.description), saving: false)
        }
        try await test(target, saving: false)
        // What waits goes on with a circuit that is closed.
        forget()
        let instant = now()
        return try await database.write { db in
            try db.execute(
                """
                UPDATE psa_connections SET state = \(ConnectionState.ok), state_reason = NULL,
                    last_validated_at = \(instant) WHERE id = \(id)
                """)
            // A test shows the current state.
            try PSALists.forget(of: id, in: db)
            let stored = try Self.stored(id, in: db)
            try resume(stored, db)
            db.signal(.connections)
            return stored
        }
    }

    private func test(_ target: PSATarget, saving: Bool = true) async throws {
        do {
            try await factory(target).provider.test()
        } catch {
            throw PSAConnectionProblem.problem(error, saving: saving)
        }
    }

    /// Marks the connections whose credentials no secret opens, so that everybody sees why they stand still.
    public func pauseUnopened() async throws {
        try await database.write { db in
            for row in try db.all("SELECT id, sealed_credentials FROM psa_connections") {
                let id: PSAConnection.ID = try row["id"]
                do {
                    _ = try self.open(try row["sealed_credentials"], of: id)
                } catch let error as SealingError {
                    try ConnectionFamily.psa.record(.paused, reason: error.description, of: id, in: db)
                }
            }
        }
    }

    private static func stored(_ id: PSAConnection.ID, in db: Connection) throws -> PSAConnection {
        guard let connection = try db.first("SELECT * FROM psa_connections WHERE id = \(id)", as: PSAConnection.self)
        else { throw Problem.notFound("connection") }
        return connection
    }
}

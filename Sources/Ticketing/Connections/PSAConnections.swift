import Accounts
import BoundaryText
import Connections
import Database
import Foundation
import Sealing
import Synchronization
import WebSupport

/// Connections to ticketing systems: finding them, keeping those in use at hand, and changing them.
public final class PSAConnections: Sendable {
    /// Makes what speaks to a ticketing system and checks its callbacks.
    public typealias Factory = @Sendable (PSATarget) -> (provider: any PSAProvider, callbacks: any CallbackVerifier)

    let database: Database
    let sealer: Sealer
    let factory: Factory
    let now: @Sendable () -> Date
    let check: ConnectionCheck
    private let listeners: [PSAConnectionListener]
    private let cache = ConnectionCache<PSAConnection.ID, LiveConnection>()
    /// Callback keys never change, so a stale entry can only belong to a deleted or disabled connection.
    private let byHookKey = Mutex<[String: PSAConnection.ID]>([:])

    /// - Parameters:
    ///   - listeners: are notified of changes to connections.
    ///   - factory: makes providers.
    ///   - now: the wall clock.
    public init(
        database: Database, sealer: Sealer, listeners: [PSAConnectionListener] = [], factory: @escaping Factory,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.listeners = listeners
        self.database = database
        self.sealer = sealer
        self.factory = factory
        self.now = now
        check = ConnectionCheck(now: now)
    }

    /// Forgets what is at hand whenever a connection changes, here or on another server; runs until cancelled.
    public func followChanges() async { await cache.followChanges(in: database) }

    func forget() { cache.forget() }

    func tell(_ news: PSAConnectionListener.News, of connection: PSAConnection, in db: Connection) throws {
        for listener in listeners { try listener.hear(news, connection, now(), db) }
    }

    // MARK: In use

    /// A connection ready to be used; nil when it is gone.
    public func live(_ id: PSAConnection.ID) async throws -> LiveConnection? {
        try await cache.live(id) {
            let row = try await database.read { db in
                try db.first("SELECT * FROM psa_connections WHERE id = \(id)")
            }
            guard let row else { return nil }
            let connection = try PSAConnection(row: row)
            let (provider, callbacks) = try parts(of: connection, in: row)
            // Hooks of a connection that was set aside are not taken.
            if connection.isActive { byHookKey.withLock { $0[connection.hookKey] = id } }
            return LiveConnection(connection: connection, provider: provider, callbacks: callbacks)
        }
    }

    private func parts(
        of connection: PSAConnection, in row: Row
    ) throws -> (provider: any PSAProvider, callbacks: any CallbackVerifier) {
        do {
            return factory(try target(of: connection, in: row, as: connection.id))
        } catch let error as SealingError {
            // Links lead to the same pages with any credentials.
            let nobody = PSACredentials(publicKey: "", privateKey: "", clientID: "")
            let original = factory(
                PSATarget(connection: nil, site: connection.site, company: connection.company, credentials: nobody))
            let unusable = UnusableProvider(.unusable(error.description), inPlaceOf: original.provider)
            return (unusable, unusable)
        }
    }

    /// The active connection whose hook address carries this key, else the only active one of this company.
    public func live(hookKey: String?, company: String?) async throws -> LiveConnection? {
        if let hookKey {
            if let id = byHookKey.withLock({ $0[hookKey] }) { return try await live(id) }
            return try await live(matching: "hook_key = \(hookKey)")
        }
        guard let company else { return nil }
        return try await live(matching: "lower(company) = lower(\(company))")
    }

    private func live(matching condition: SQL) async throws -> LiveConnection? {
        let ids = try await database.read { db in
            try db.all("SELECT id FROM psa_connections WHERE active = 1 AND \(condition) LIMIT 2").map { row in
                try row["id"] as PSAConnection.ID
            }
        }
        guard ids.count == 1, let id = ids.first else { return nil }
        return try await live(id)
    }

    /// The connection that is used for a customer, or for none: the customer's own, else the MSP's; nil when there is none.
    public func live(for tenant: Tenant.ID?, of organization: Organization.ID) async throws -> LiveConnection? {
        let id = try await database.read { db -> PSAConnection.ID? in
            try Self.inUse(for: tenant, of: organization, in: db)
        }
        guard let id else { return nil }
        return try await live(id)
    }

    /// Whether there is a connection that would be used for a customer, or for none, if it were not switched off.
    func isSwitchedOff(for tenant: Tenant.ID?, of organization: Organization.ID) async throws -> Bool {
        try await database.read { db in
            try db.first(
                """
                SELECT 1 AS there FROM psa_connections WHERE organization_id = \(organization) AND active = 0
                    AND COALESCE(tenant_id, 0) IN (\(tenant ?? 0), 0) LIMIT 1
                """) != nil
        }
    }

    static func inUse(
        for tenant: Tenant.ID?, of organization: Organization.ID, in db: Connection
    ) throws -> PSAConnection.ID? {
        try db.first(
            """
            SELECT id FROM psa_connections WHERE organization_id = \(organization) AND active = 1
                AND COALESCE(tenant_id, 0) IN (\(tenant ?? 0), 0) ORDER BY COALESCE(tenant_id, 0) DESC LIMIT 1
            """)?["id"]
    }

    // MARK: Use cases

    /// An organization's connections.
    public func list(of organization: Organization.ID, page: PageRequest) async throws -> Page<PSAConnection> {
        let rows = try await database.read { db in
            try db.all(
                """
                SELECT * FROM psa_connections WHERE organization_id = \(organization)
                    AND id > \(page.after?.number ?? 0) ORDER BY id LIMIT \(page.limit + 1)
                """, as: PSAConnection.self)
        }
        return Page(rows, limit: page.limit) { "\($0.id)" }
    }

    /// The keys of an organization's connections, oldest first.
    package static func ids(
        of organization: Organization.ID, onlyActive: Bool = false, limit: Int, in db: Connection
    ) throws -> [PSAConnection.ID] {
        try db.all(
            """
            SELECT id FROM psa_connections WHERE organization_id = \(organization)\(onlyActive ? " AND active = 1" : "" as SQL)
            ORDER BY id LIMIT \(limit)
            """
        ).map { try $0["id"] }
    }

    /// One of an organization's connections; nil when there is no such.
    public func find(_ id: PSAConnection.ID, of organization: Organization.ID) async throws -> PSAConnection? {
        try await database.read { db in
            try db.first(
                "SELECT * FROM psa_connections WHERE id = \(id) AND organization_id = \(organization)",
                as: PSAConnection.self)
        }
    }

    /// Keeps the address of the key that verified a callback. Nothing that is at hand changes by it.
    public static func remember(callbackKey: String, of id: PSAConnection.ID, in db: Connection) throws {
        try db.execute("UPDATE psa_connections SET callback_key = \(callbackKey) WHERE id = \(id)")
    }

    // MARK: Credentials

    static func identity(_ id: PSAConnection.ID) -> String { "psa_connection:\(id)" }

    static func seal(
        _ credentials: PSACredentials, for id: PSAConnection.ID, with sealer: Sealer
    ) throws -> String {
        try sealer.seal(String(decoding: try JSONEncoder().encode(credentials), as: UTF8.self), for: identity(id))
    }

    /// What a stored connection leads to.
    /// - Parameter id: whose calls are counted; nil for none's.
    func target(of connection: PSAConnection, in row: Row, as id: PSAConnection.ID?) throws -> PSATarget {
        PSATarget(
            connection: id, site: connection.site, company: connection.company,
            credentials: try open(try row["sealed_credentials"], of: connection.id),
            callbackKey: try row["callback_key"])
    }

    func open(_ sealed: String, of id: PSAConnection.ID) throws -> PSACredentials {
        try JSONDecoder().decode(PSACredentials.self, from: Data(try sealer.open(sealed, for: Self.identity(id)).utf8))
    }
}

extension PSAConnections {
    /// What is sealed of connections.
    public static let sealedColumns = [
        SealedColumn("psa_connections", "sealed_credentials") { identity(PSAConnection.ID($0)) }
    ]
}

extension PSAConnections {
    /// See ``LiveTopic``.
    static func fingerprint(_ audience: LiveAudience, in db: Connection) throws -> [Int64] {
        guard let condition = audience.condition else { return [] }
        return try db.numbers(
            """
            SELECT COALESCE(MAX(last_validated_at), 0) AS a,
                COALESCE(SUM(CASE state WHEN 'ok' THEN id ELSE 0 END), 0) AS b,
                COALESCE(MAX(last_hook_at), 0) AS c, COALESCE(MAX(silent_since), 0) AS d
            FROM psa_connections WHERE \(condition)
            """, ["a", "b", "c", "d"])
    }
}

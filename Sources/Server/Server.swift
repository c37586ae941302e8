import Accounts
import BoundaryText
import ConnectWise
import Connections
import Console
import Database
import Foundation
import Hummingbird
import Jobs
import Logging
import Notifications
import OpenIDConnect
import Outbound
import Sealing
import ServiceLifecycle
import StandardWebhooks
import Synchronization
import Telemetry
import Ticketing
import WebSupport
import Webex
import WriteBack

/// The composition root: the only place where things are created and joined.
public struct Server: Sendable {
    /// To be run in a `ServiceGroup`, in this order; a stop goes the other way round, so that requests end before jobs and
    /// jobs before the database.
    public let services: [any Service]

    /// Builds a server on its database, which it migrates.
    /// - Parameters:
    ///   - metrics: rendered where the configuration says; nil for a server that serves none.
    ///   - onListening: called with the port once requests are answered.
    public static func build(
        _ configuration: Configuration, metrics: PrometheusMetrics? = nil, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) async throws -> Server {
        let allowlist = try HostAllowlist(Installation.plans.flatMap(\.hosts) + configuration.allowedHosts)
        // Without one nothing is made.
        _ = try Installation.secrets(configuration)
        // Before reading the current secret: while we run, no one changes it.
        let database = try await Installation.database(configuration, as: .server, logger: logger)
        let outbound = OutboundClient(allowlist: allowlist, logger: logger)
        do {
            try await database.migrate(Installation.migrations)
            let sealer = try await Installation.openSeals(of: database, configuration, logger: logger)
            try await AuditBacklog.record(in: database, now: Date())
            try await Installation.createAdministrator(configuration, in: database)
            return try await build(
                configuration, on: database, outbound, sealer: sealer, metrics: metrics, logger: logger,
                onListening: onListening)
        } catch {
            // Nothing runs yet that would close them.
            try? await outbound.shutdown()
            await database.close()
            throw error
        }
    }

    private static func build(
        _ configuration: Configuration, on database: Database, _ outbound: OutboundClient, sealer: Sealer,
        metrics: PrometheusMetrics?, logger: Logger, onListening: @escaping @Sendable (Int) async -> Void
    ) async throws -> Server {
        let queue = JobQueue()
        let parts = Installation.plans.flatMap(\.parts)
        let tickets = PSAConnections(
            database: database, sealer: sealer, listeners: parts.of(),
            factory: psaFactory(outbound, database, configuration.features.connectWiseBudget))
        let chats = ChatConnectionStore(database: database, sealer: sealer, factory: chatFactory(outbound))
        let publicURL = publicURL(configuration)
        let accounts = AccountsFeature(
            database: database, sealer: sealer, publicURL: publicURL, factory: issuerFactory(outbound),
            passwordCost: configuration.passwordCost)
        let syncs = SyncEngine(
            database: database, queue: queue, plans: parts.of(), schedule: configuration.syncSchedule, logger: logger)
        let features = features(configuration, database, queue, accounts, tickets, chats, syncs, logger)
        try await keepConfiguredConnections(features, in: database, logger)
        try await tickets.pauseUnopened()
        try await chats.pauseUnopened()
        return try run(
            features, accounts, configuration, on: database, outbound, sealer: sealer, metrics: metrics, logger: logger,
            onListening: onListening)
    }

    /// All features, from the ground up.
    static func features(
        _ configuration: Configuration, _ database: Database, _ queue: JobQueue, _ accounts: AccountsFeature,
        _ tickets: PSAConnections, _ chats: ChatConnectionStore, _ syncs: SyncEngine, _ logger: Logger
    ) -> [Feature] {
        let (parts, schedule) = (Installation.plans.flatMap(\.parts), configuration.syncSchedule)
        var features = [
            TicketingFeature(
                database: database, queue: queue, connections: tickets, listeners: parts.of(), syncs: syncs,
                schedule: schedule, publicURL: publicURL(configuration),
                settings: configuration.features, logger: logger
            ).feature,
            WriteBackFeature(
                database: database, queue: queue, connections: tickets, limits: configuration.features.ticketLimits,
                timing: configuration.postTiming
            ).feature,
            NotificationsFeature(
                database: database, queue: queue, tickets: tickets, chats: chats, syncs: syncs,
                settings: configuration.features
            ).feature,
        ]
        let connections = ConnectionsFeature(
            database: database, syncs: syncs, plans: parts.of(), runners: features.flatMap(\.parts).of(),
            schedule: schedule)
        features.insert(connections.feature, at: 0)
        features.append(own(database, queue))
        features.insert(accounts.feature, at: 0)
        return features
    }

    /// What belongs to no single feature: background work, and what is joined of several.
    private static func own(_ database: Database, _ queue: JobQueue) -> Feature {
        var feature = Feature(Feature.Plan("server"))
        feature.operations =
            jobRoutes(database, queue: queue)
            + settingsRoutes(database)
            + overviewRoutes(database, posts: { try PostCount.toActOn(for: $0, limit: $1, in: $2) })
        feature.housekeeping = [
            { instant in
                // Finished jobs are there for people who ask what happened this week.
                let oldest = instant.addingTimeInterval(-7 * 86_400)
                return try await database.write { try queue.forgetHistory(before: oldest, in: $0) }
            }
        ]
        feature.topics = [
            LiveTopic("jobs") { audience, db in
                guard audience == .installation else { return [] }
                return try db.numbers("SELECT COALESCE(MAX(finished_at), 0) AS a FROM job_history", ["a"])
            }
        ]
        return feature
    }

    /// Runs whatever features there are.
    private static func run(
        _ features: [Feature], _ accounts: AccountsFeature, _ configuration: Configuration, on database: Database,
        _ outbound: OutboundClient, sealer: Sealer, metrics: PrometheusMetrics?, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void
    ) throws -> Server {
        let queue = JobQueue()
        let runsJobs = configuration.duties.contains(.worker)
        let publicURL = Self.publicURL(configuration)
        let cookie = SignInCookie(publicURL: publicURL)
        let gate = Gate(database: database, keys: accounts.keys, signIns: accounts.signIns, cookie: cookie)
        let health = Health(
            database: database, queue: queue, sealer: sealer, runsJobs: runsJobs,
            checks: features.flatMap(\.checks))
        var services: [any Service] = [SecretWatch(database: database, sealer: sealer, logger: logger)]
        services += features.flatMap(\.upkeep).filter { runsJobs || !$0.isForWorkers }.map(Upkeep.init)
        services.append(
            Housekeeping(
                tasks: features.flatMap(\.housekeeping), gate: gate, keys: accounts.keys,
                auditHeads: AuditHeadLog(database: database, logger: logger), logger: logger))
        if runsJobs {
            services.append(
                JobRunner(
                    database: database, queue: queue, handlers: features.flatMap(\.handlers), logger: logger))
        }
        if let metrics, let listen = configuration.metricsListen {
            services.append(MetricsServer(metrics: metrics, host: listen.host, port: listen.port, logger: logger))
        }
        if configuration.duties.contains(.web) {
            let routes = features.flatMap(\.operations)
            let router = Router(context: WebContext.self, options: .autoGenerateHeadEndpoints)
            router.add(middleware: SecurityHeaders(publicURL: publicURL))
            let errors = ErrorTranslation(logger: logger, translate: Self.problem)
            router.add(
                middleware: RequestFrame(proxies: configuration.trustedProxies, errors: errors, logger: logger))
            for install in features.flatMap(\.hooks) { install(router) }
            health.install(in: router)
            gate.install(routes, under: "/api/v1", in: router)
            let openAPI = try OpenAPI(routes)
            openAPI.install(in: router)
            let console = try Console(
                accounts: accounts, table: RouteTable(routes, gate: gate), openAPI: openAPI, cookie: cookie,
                database: database, topics: features.flatMap(\.topics), errors: errors, health: health.all,
                logger: logger)
            console.install(in: router)
            services.append(Upkeep("log of refusals") { await errors.run() })
            services.append(Upkeep("live pages") { await console.run() })
            let server = WebServer(
                limits: configuration.connectionLimits ?? ConnectionLimits(files: FileLimit.present),
                proxies: configuration.trustedProxies, logger: logger)
            services.append(
                server.application(
                    router, host: configuration.listen.host, port: configuration.listen.port, logger: quiet(logger),
                    onListening: onListening))
        }
        let users = DatabaseUsers()
        return Server(
            services: [OutboundService(client: outbound), DatabaseService(database: database, users: users)]
                + services.map { DatabaseUser(service: $0, users: users) })
    }

    /// Where browsers and outside systems reach us.
    private static func publicURL(_ configuration: Configuration) -> String {
        configuration.publicURL
            ?? "http://\(WebAddress.bracketed(configuration.listen.host)):\(configuration.listen.port)"
    }

    /// Hummingbird logs each start and stop at info level; ours say the same with the address.
    private static func quiet(_ logger: Logger) -> Logger {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        return quiet
    }

    /// The problems for errors that `WebSupport` does not know.
    static func problem(_ error: any Error) -> Problem? {
        switch error {
        case let error as DatabaseError where error.isTransient:
            .unavailable("The database cannot be used for the moment; try again.")
        case DatabaseError.reference:
            .conflict(code: "reference_deleted", "What this refers to was just deleted. Reload and try again.")
        default:
            nil
        }
    }

    // MARK: Outside systems

    private static func psaFactory(
        _ outbound: OutboundClient, _ database: Database, _ budget: Int
    ) -> PSAConnections.Factory {
        let budgets = SharedCallBudgets(database: database, limit: budget)
        return { target in
            let name = target.connection.map { "connectwise:\($0)" } ?? "connectwise:test"
            let remote = Remote(
                name, for: .psa,
                budget: target.connection.map { budgets.budget(named: ConnectionFamily.psa($0).laneGroup) })
            let credentials = ConnectWiseCredentials(
                companyID: target.company, publicKey: target.credentials.publicKey,
                privateKey: target.credentials.privateKey, clientID: target.credentials.clientID)
            guard let site = Site(target.site) else {
                let nobody = UnusableProvider(.notAllowed("\(target.site) is no host"))
                return (nobody, nobody)
            }
            let client = ConnectWiseClient(site: site, credentials: credentials, outbound: outbound, remote: remote)
            let keys = KeyClients(site: site, credentials: credentials, outbound: outbound, target.connection)
            return (
                ConnectWiseProvider(client: client, budget: budget),
                ConnectWiseCallbacks(
                    site: site, company: target.company, remembered: target.callbackKey,
                    remember: { address in
                        guard let connection = target.connection else { return }
                        // Only a convenience after a restart: the next callback tries again.
                        try? await database.write { db in
                            try PSAConnections.remember(callbackKey: address.url, of: connection, in: db)
                        }
                    }
                ) { address, isProven throws(ConnectWiseError) in
                    try await (isProven ? keys.proven : keys.others).signingKey(at: address)
                }
            )
        }
    }

    private static func issuerFactory(_ outbound: OutboundClient) -> SingleSignOn.Factory {
        let cache = IssuerCache()
        // One for each provider, so that its circuit and pauses outlive a call.
        let remotes = Mutex<[IdentityProvider.ID: Remote]>([:])
        return { provider, secret in
            let remote = remotes.withLock { remotes in
                if let known = remotes[provider.id] { return known }
                // People wait for it.
                let new = Remote(
                    "identity_provider:\(provider.id)", for: .identity, limits: .init(timeOut: .seconds(10)))
                remotes[provider.id] = new
                return new
            }
            return OpenIDClient(
                issuer: provider.issuer, clientID: provider.clientID, clientSecret: secret, outbound: outbound,
                remote: remote, cache: cache)
        }
    }

    /// Installations without a console name their connections in the configuration.
    private static func keepConfiguredConnections(
        _ features: [Feature], in database: Database, _ logger: Logger
    ) async throws {
        let named = features.compactMap(\.keepConfigured)
        guard !named.isEmpty else { return }
        let first: Organization.ID? = try await database.read { db in
            try db.first("SELECT id FROM organizations ORDER BY id LIMIT 1")?["id"]
        }
        guard let first else {
            logger.warning("connections are configured, but `patchbay setup` has not been run yet")
            return
        }
        do {
            for keep in named { try await keep(first) }
        } catch let problem as Problem {
            throw Installation.CannotSetUp(
                description: "a connection that the configuration names cannot be used: \(problem.detail)")
        }
    }
}

import API
import Accounts
import BoundaryText
import Connections
import Database
import Foundation
import Hummingbird
import Jobs
import Logging
import WebSupport

/// The ticketing feature: connections to ticketing systems, what happens to tickets, and reading them.
public struct TicketingFeature: Sendable {
    /// See ``Feature/Plan``.
    public static let plan = Feature.Plan(
        "ticketing", migrations: [.ticketing26, .ticketing30], sealedColumns: PSAConnections.sealedColumns,
        hosts: ["psa=*.myconnectwise.net", "psa=*.connectwisedev.com"], flags: [.connectWise],
        parts: TicketSyncs.plans, settings: settings, settingGroups: settingGroups)

    /// The feature as the server runs it.
    public let feature: Feature

    /// - Parameters:
    ///   - listeners: are notified of ticket events.
    ///   - syncs: compare with the ticketing system.
    ///   - schedule: how often.
    ///   - publicURL: where the ticketing system reaches us.
    ///   - settings: what the configuration gives.
    ///   - now: the wall clock.
    public init(
        database: Database, queue: JobQueue, connections: PSAConnections, listeners: [TicketListener],
        syncs: SyncEngine,
        schedule: SyncSchedule, publicURL: String, settings: Feature.Settings, logger: Logger,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        let limits = settings.ticketLimits
        let lists = PSALists(database: database, now: now)
        let access = TicketAccess(connections: connections, lists: lists)
        let mappings = MemberMappings(database: database, lists: lists, now: now)
        let intake = Intake(database: database, connections: connections, queue: queue, logger: logger, now: now)
        var feature = Feature(Self.plan)
        feature.operations =
            psaConnectionRoutes(connections, database: database, queue: queue, publicURL: publicURL, now: now) {
                try await syncs.connectionChanged(ConnectionFamily.psa($0.id), of: $0.organization)
            }
            + directoryRoutes(Directory(database: database))
            + ticketReadingRoutes(access, mappings: mappings, limits: limits) + listRoutes(access, limits: limits)
            + memberRoutes(access, mappings, limits: limits)
        feature.hooks = [{ intake.install(in: $0) }]
        feature.handlers = [
            TicketRefresh(database: database, connections: connections, listeners: listeners, now: now)
        ]
        feature.upkeep = [
            .init("intake") { await intake.run() }, .init("PSA connections") { await connections.followChanges() },
        ]
        let kept = listeners.compactMap(\.keeps)
        feature.housekeeping = [
            { instant in
                // Hooks are there for people who ask what happened this week.
                let oldest = instant.addingTimeInterval(-7 * 86_400)
                return try await database.write { try Intake.forgetHooks(before: oldest, in: $0) }
            },
            { instant in try await database.write { try EventStore.forget(now: instant, unless: kept, in: $0) } },
        ]
        feature.topics = [
            LiveTopic("connections") { try PSAConnections.fingerprint($0, in: $1) },
            LiveTopic("events") { try EventStore.fingerprint($0, in: $1) },
        ]
        feature.parts =
            TicketSyncs(
                database: database, connections: connections, publicURL: publicURL,
                pace: .seconds(60) / settings.connectWiseBudget,
                catchUpInterval: schedule.intervals[.catchUp], now: now
            ).runners
        if settings.namesConnectWise {
            feature.keepConfigured = { organization in
                guard let draft = try settings.connectWise() else { return }
                let connection = try await connections.keep(draft, for: organization)
                try await syncs.connectionChanged(ConnectionFamily.psa(connection.id), of: organization)
            }
        }
        self.feature = feature
    }
}

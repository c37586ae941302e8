import Accounts
import BoundaryText
import Database
import Foundation
import Hummingbird
import Jobs
import Logging
import Ticketing
import WebSupport

/// The notifications feature, put together: what the server runs and routes.
public struct NotificationsFeature: Sendable {
    /// Receives hooks.
    public let intake: Intake
    /// Do the feature's jobs.
    public let handlers: [any JobHandler]
    /// The feature's operations.
    public let routes: [Route]

    /// Compares with the outside systems.
    public let syncs: Syncs

    /// - Parameters:
    ///   - schedule: how often the outside systems are compared with what we have.
    ///   - publicURL: where the ticketing system reaches us.
    ///   - refreshPace: the pause between refreshes that a sync causes.
    ///   - now: the wall clock.
    public init(
        database: Database, queue: JobQueue, tickets: PSAConnections, chats: ChatConnections,
        schedule: SyncSchedule = .standard, publicURL: String, refreshPace: Duration, logger: Logger,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        let syncs = Syncs(database: database, queue: queue, schedule: schedule, logger: logger, now: now)
        self.syncs = syncs
        intake = Intake(database: database, connections: tickets, queue: queue, logger: logger, now: now)
        handlers = [
            TicketRefresh(database: database, connections: tickets, now: now),
            Deliverer(database: database, connections: chats, tickets: tickets, now: now),
            RetryOfMany(now: now),
            NoticeSender(database: database, connections: chats, now: now),
            SyncJob(
                database: database, tickets: tickets, chats: chats, schedule: schedule, publicURL: publicURL,
                pace: refreshPace, now: now),
        ]
        routes =
            settingsRoutes(database, now: now)
            + ruleRoutes(database, now: now)
            + forwardRoutes(database, now: now)
            + previewRoutes(database, now: now)
            + eventRoutes(database)
            + noticeRoutes(database, queue: queue, now: now)
            + recipientRoutes(database, now: now)
            + overviewRoutes(database, now: now)
            + messageRoutes(database, tickets: tickets, chats: chats)
            + deliveryRoutes(database, queue: queue, now: now)
            + syncRoutes(syncs, directory: Directory(database: database))
            + chatConnectionRoutes(chats, database: database, queue: queue, now: now) {
                try await syncs.connectionChanged($0)
            }
    }

    /// Forgets hooks older than an instant, a bounded number at a time.
    /// - Returns: how many were forgotten.
    public static func forgetHooks(before instant: Date, limit: Int = 5_000, in db: Connection) throws -> Int {
        // Ids grow with time, so the oldest are found without an index on time, which every hook would have to keep up.
        try db.execute(
            """
            DELETE FROM hook_inbox WHERE id IN (
                SELECT o.id FROM (SELECT id, received_at FROM hook_inbox ORDER BY id LIMIT \(limit)) AS o
                WHERE o.received_at < \(instant))
            """)
    }
}

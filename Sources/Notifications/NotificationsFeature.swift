import Accounts
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

    private let database: Database
    private let queue: JobQueue
    private let now: @Sendable () -> Date

    /// - Parameter now: the wall clock.
    public init(
        database: Database, queue: JobQueue, tickets: PSAConnections, chats: ChatConnections, logger: Logger,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.database = database
        self.queue = queue
        self.now = now
        intake = Intake(database: database, connections: tickets, queue: queue, logger: logger, now: now)
        handlers = [
            TicketRefresh(database: database, connections: tickets, now: now),
            Deliverer(database: database, connections: chats, tickets: tickets, now: now),
            BoardsRefresh(connections: tickets, now: now),
            RoomsRefresh(connections: chats, now: now),
        ]
        routes =
            settingsRoutes(database, now: now)
            + ruleRoutes(database, now: now)
            + recipientRoutes(database, now: now)
            + deliveryRoutes(database, queue: queue, now: now)
            + chatConnectionRoutes(chats, queue: queue, now: now) { connection in
                try await Self.fetchRooms(of: connection, database, queue, now: now())
            }
    }

    /// Has a ticketing system's boards fetched.
    public func fetchBoards(of connection: PSAConnection) async throws {
        let (queue, instant) = (queue, now())
        try await database.write { db in
            try queue.enqueue([BoardsRefresh.job(of: connection.id, now: instant)], now: instant, in: db)
        }
    }

    /// Has a bot's rooms fetched.
    public func fetchRooms(of connection: ChatConnection) async throws {
        try await Self.fetchRooms(of: connection, database, queue, now: now())
    }

    private static func fetchRooms(
        of connection: ChatConnection, _ database: Database, _ queue: JobQueue, now: Date
    ) async throws {
        try await database.write { db in
            try queue.enqueue([RoomsRefresh.job(of: connection.id, now: now)], now: now, in: db)
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

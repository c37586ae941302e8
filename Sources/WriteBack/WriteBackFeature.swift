import API
import Accounts
import BoundaryText
import Database
import Foundation
import Jobs
import Ticketing

/// Every write of ours to a ticket: once, in order, logged.
public struct WriteBackFeature: Sendable {
    /// See ``Feature/Plan``.
    public static let plan = Feature.Plan(
        "write-back", flags: [.connectWise],
        parts: [
            PSAConnectionListener { news, connection, now, db in
                switch news {
                case .usable:
                    let (queue, group) = (JobQueue(), PSAConnection.postGroup(connection.id))
                    try queue.resume(laneGroup: group, now: now, in: db)
                    // No post is planned for later; what it waited for is over.
                    try queue.hasten(laneGroup: group, planned: true, now: now, in: db)
                case .moved: try PostStore.failMoved(connection, now: now, in: db)
                case .removed: try PostStore.failRemoved(connection, now: now, in: db)
                }
            }
        ])

    /// The feature as the server runs it.
    public let feature: Feature
    /// For features above whose jobs write in a user's name.
    public let writes: WritesInTheName

    /// - Parameters:
    ///   - limits: how often an organization may ask for what costs calls.
    ///   - timing: how long people and posts wait.
    ///   - now: the wall clock.
    public init(
        database: Database, queue: JobQueue, connections: PSAConnections, limits: TicketLimits = TicketLimits(),
        timing: PostTiming = PostTiming(), now: @escaping @Sendable () -> Date = { Date() }
    ) {
        let lists = PSALists(database: database, now: now)
        let access = TicketAccess(connections: connections, lists: lists)
        let posts = Posts(database: database, queue: queue, patience: timing.patience, now: now)
        var feature = Feature(Self.plan)
        feature.operations =
            recentTicketRoutes(access, database: database)
            + ticketWritingRoutes(access, posts, limits: limits, now: now)
            + postRoutes(access, posts, limits: limits, now: now)
        feature.handlers = [
            Poster(database: database, connections: connections, lists: lists, schedule: timing.schedule, now: now)
        ]
        feature.topics = [
            LiveTopic("posts") { try PostStore.fingerprint($0, in: $1) },
            LiveTopic(LiveTopic.counts) { try PostStore.countFingerprint($0, in: $1) },
        ]
        self.feature = feature
        writes = WritesInTheName(database: database, access: access, posts: posts, now: now)
    }
}

import Accounts
import BoundaryText
import Database
import Foundation
import Jobs

/// The ticketing feature, put together: what the server runs and routes.
public struct TicketingFeature: Sendable {
    /// Do the feature's jobs.
    public let handlers: [any JobHandler]
    /// The feature's operations, without those on connections.
    public let routes: [Route]

    /// - Parameters:
    ///   - limits: how often an organization may ask for what costs calls.
    ///   - timing: how long people and posts wait.
    ///   - now: the wall clock.
    public init(
        database: Database, queue: JobQueue, connections: PSAConnections, limits: TicketLimits = TicketLimits(),
        timing: PostTiming = PostTiming(), now: @escaping @Sendable () -> Date = { Date() }
    ) {
        let lists = PSALists(database: database, now: now)
        let desk = TicketDesk(connections: connections, lists: lists)
        let mappings = MemberMappings(database: database, lists: lists, now: now)
        let posts = Posts(database: database, queue: queue, patience: timing.patience, now: now)
        handlers = [
            Poster(database: database, connections: connections, lists: lists, schedule: timing.schedule, now: now)
        ]
        func tickets(under prefix: String, flag: FeatureFlag?) -> [Route] {
            ticketReadingRoutes(
                desk, mappings: mappings, database: database, limits: limits, under: prefix, flag: flag)
                + ticketWritingRoutes(desk, posts, limits: limits, under: prefix, now: now)
                + listRoutes(desk, limits: limits, under: prefix, flag: flag)
                + memberRoutes(desk, mappings, limits: limits, under: prefix, flag: flag)
        }
        routes =
            directoryRoutes(Directory(database: database))
            + tickets(under: "/integrations/psa", flag: nil)
            // UCRManager's names: the same in the scope of a customer.
            + tickets(under: "/tenants/{tenant}/connectwise", flag: .connectWise)
            + postRoutes(desk, posts, limits: limits, now: now)
    }
}

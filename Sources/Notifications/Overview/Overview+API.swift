import API
import Accounts
import BoundaryText
import Database
import Foundation
import HTTPTypes
import Ticketing
import WebSupport

/// How many writes to tickets need attention, counted up to a limit: the part of the overview that another feature knows.
public typealias PostsToActOn = @Sendable (Principal, _ limit: Int, Connection) throws -> Int

/// The operations that show what happened lately and what needs attention.
public func overviewRoutes(
    _ database: Database, posts: @escaping PostsToActOn, now: @escaping @Sendable () -> Date = { Date() }
) -> [Route] {
    let past = PastHours()
    return [
        Route(API.Overview.show) { request in
            let (principal, instant) = (request.principal, now())
            let organization = principal.organization
            let known = past.hours(of: organization, now: instant)
            let overview = try await database.read { db in
                try Overview(
                    of: organization, posts: posts(principal, Overview.mostCounted, db), now: instant, past: known,
                    in: db)
            }
            if known == nil { past.keep(overview, of: organization, now: instant) }
            return API.Overview.Answer(overview)
        },
        Route(API.Overview.counts) { request in
            let principal = request.principal
            return try await database.read { db in
                let posts = try posts(principal, Overview.mostCounted, db)
                return API.Overview.Counts(try Overview.Counts(of: principal.organization, posts: posts, in: db))
            }
        },
    ]
}

extension API.Overview.Counts {
    fileprivate init(_ counts: Overview.Counts) {
        self.init(
            failedDeliveries: counts.failed, pendingDeliveries: counts.waiting, unfinishedPosts: counts.posts)
    }
}

extension API.Overview.Answer {
    fileprivate init(_ overview: Overview) {
        self.init(
            API.Overview.Counts(overview.counts),
            hours: overview.hours.map {
                API.Overview.Hour(startsAt: $0.startsAt, events: $0.events, sent: $0.sent, failed: $0.failed)
            },
            recentEvents: overview.recent.map {
                API.Overview.Recent(
                    id: $0.id, ticket: $0.ticket, kind: $0.kind, summary: $0.summary, notified: $0.notified,
                    createdAt: $0.at)
            })
    }
}

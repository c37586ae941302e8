import API
import Accounts
import BoundaryText
import Database
import Foundation
import Hummingbird
import Ticketing
import WebSupport

/// How many writes to tickets somebody has to act on, counted up to a limit: the part of the overview that another feature
/// knows.
public typealias PostsToActOn = @Sendable (Principal, _ limit: Int, Connection) throws -> Int

/// The operations for those who want to see how it stands.
public func overviewRoutes(
    _ database: Database, posts: @escaping PostsToActOn, now: @escaping @Sendable () -> Date = { Date() }
) -> [Route] {
    let past = PastHours()
    return [
        Route(
            .get, "/overview", .viewer, "The last day by the hour, what has to be acted on, and the latest events",
            gives: .one(OverviewAnswer.self)
        ) { request in
            let (principal, instant) = (request.principal, now())
            let organization = principal.organization
            let known = past.hours(of: organization, now: instant)
            let overview = try await database.read { db in
                try Overview(
                    of: organization, posts: posts(principal, Overview.mostCounted, db), now: instant, past: known,
                    in: db)
            }
            if known == nil { past.keep(overview, of: organization, now: instant) }
            return .json(OverviewAnswer(overview))
        },
        Route(
            .get, "/overview/counts", .viewer,
            "Failed deliveries, those on their way, and writes to tickets that failed or wait; counted up to \(Overview.mostCounted)",
            gives: .one(Overview.Counts.self)
        ) { request in
            let principal = request.principal
            return .json(
                try await database.read { db in
                    try Overview.Counts(
                        of: principal.organization, posts: posts(principal, Overview.mostCounted, db), in: db)
                })
        },
    ]
}

private struct OverviewAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case failed, waiting, posts, hours
        case recent = "recent_events"
    }

    struct Hour: Codable, Sendable {
        enum CodingKeys: String, CodingKey {
            case events, sent, failed
            case startsAt = "starts_at"
        }

        let startsAt: Date
        let events: Int
        let sent: Int
        let failed: Int
    }

    struct Recent: Codable, Sendable {
        enum CodingKeys: String, CodingKey {
            case id, kind, summary, told
            case ticket = "ticket_id"
            case createdAt = "created_at"
        }

        let id: TicketEvent.ID
        let ticket: Ticket.ID
        let kind: TicketEvent.Kind
        let summary: String
        let told: Int
        let createdAt: Date
    }

    let failed: Int
    let waiting: Int
    let posts: Int
    let hours: [Hour]
    let recent: [Recent]

    init(_ overview: Overview) {
        failed = overview.counts.failed
        waiting = overview.counts.waiting
        posts = overview.counts.posts
        hours = overview.hours.map {
            Hour(startsAt: $0.startsAt, events: $0.events, sent: $0.sent, failed: $0.failed)
        }
        recent = overview.recent.map {
            Recent(
                id: $0.id, ticket: $0.ticket, kind: $0.kind, summary: $0.summary, told: $0.told, createdAt: $0.at)
        }
    }
}

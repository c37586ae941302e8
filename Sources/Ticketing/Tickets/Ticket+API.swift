import API
import Accounts
import BoundaryText
import Database
import Foundation
import Hummingbird
import WebSupport

/// The operations that look at tickets.
/// - Parameters:
///   - prefix: `/integrations/psa`, or that of a tenant.
///   - reach: for whom.
func ticketReadingRoutes(
    _ desk: TicketDesk, mappings: MemberMappings, database: Database, limits: TicketLimits, under prefix: String,
    flag: FeatureFlag?
) -> [Route] {
    let path = prefix + "/tickets"
    return [
        Route(
            .get, path + "/search", .viewer, "Searches tickets in the ticketing system, newest first",
            query: [
                QueryParameter("q", .text, "words of the summary, or the number"),
                QueryParameter("company_id", .text, "only of this company"),
                QueryParameter("board_id", .text, "only on this board"),
                QueryParameter("status_id", .text, "only in this status"),
                QueryParameter("open", .flag, "false for closed ones too"),
                QueryParameter("mine", .flag, "only those assigned to the caller"),
            ], gives: .page(FoundTicketAnswer.self), flag: flag, reach: .tenants, limit: limits.search
        ) { request in
            let live = try await desk.live(for: request)
            // The position is the last ticket's id.
            let page = try request.page { Int($0) != nil }
            let query = try await search(request, desk, mappings, live)
            guard let query else { return .json(FoundTickets(items: [], next: nil)) }
            let found = try await asking { () throws(PSAError) in
                try await live.provider.search(query, limit: page.limit, after: page.after?.key)
            }
            return .json(
                FoundTickets(
                    items: found.items.map { FoundTicketAnswer($0, live) },
                    next: found.next.map { Cursor(key: $0).description }))
        },
        Route(
            .get, path + "/{id}", .viewer, "Shows a ticket as it is now in the ticketing system",
            gives: .one(TicketAnswer.self), flag: flag, reach: .tenants, limit: limits.lookUp
        ) { request in
            let live = try await desk.live(for: request)
            let ticket = try await desk.ticket(for: request, on: live)
            // A right that is missing for these must not hide the ticket.
            let configurations = try? await live.provider.configurations(of: ticket.id)
            return .json(TicketAnswer(ticket, configurations, live))
        },
        Route(
            .get, path + "/{id}/statuses", .viewer,
            "Lists the statuses of the ticket's board; without all only those that can be chosen: neither inactive nor closed",
            query: [
                QueryParameter("all", .flag, "all of them"),
                QueryParameter("closing", .flag, "closing ones too"),
                QueryParameter("time", .flag, "only those in which time can be logged"),
                QueryParameter("board_id", .text, "the ticket's board, where it is known, saves a look at the ticket"),
                QueryParameter("refresh", .flag, "ask again, however new the copy is"),
            ], gives: .list(StatusAnswer.self), flag: flag, reach: .tenants, limit: limits.lookUp,
            limited: { asksForTicket($0) || isRefreshing($0) }
        ) { request in
            let live = try await desk.live(for: request)
            let choice = try StatusChoice(request)
            guard let board = try await board(request, desk, live) else {
                return .json(Statuses(items: []))
            }
            let statuses = try await asking {
                try await desk.lists.statuses(of: board, on: live, refresh: choice.refresh)
            }
            return .json(Statuses(items: statuses.filter(choice.shows).map(StatusAnswer.init)))
        },
        Route(
            .get, path + "/{id}/configurations", .viewer, "Lists what the ticket is about, such as computers",
            gives: .list(ConfigurationAnswer.self), flag: flag, reach: .tenants, limit: limits.notes
        ) { request in
            let live = try await desk.live(for: request)
            let ticket = try await desk.requireSight(of: request, on: live)
            let found = try await asking { () throws(PSAError) in
                try await live.provider.configurations(of: ticket)
            }
            return .json(Configurations(items: found.map(ConfigurationAnswer.init)))
        },
        Route(
            .get, path + "/{id}/notes", .viewer, "Lists notes and time entries of a ticket, newest first",
            gives: .page(NoteAnswer.self), flag: flag, reach: .tenants, limit: limits.notes
        ) { request in
            let live = try await desk.live(for: request)
            let page = try request.page(live.provider.isNotePosition)
            let ticket = try await desk.requireSight(of: request, on: live)
            let found = try await asking { () throws(PSAError) in
                try await live.provider.notes(on: ticket, limit: page.limit, after: page.after?.key)
            }
            return .json(
                Notes(items: found.items.map(NoteAnswer.init), next: found.next.map { Cursor(key: $0).description }))
        },
    ]
}

/// What a search asks for; nil when nothing can be found.
private func search(
    _ request: SignedInRequest, _ desk: TicketDesk, _ mappings: MemberMappings, _ live: LiveConnection
) async throws -> TicketQuery? {
    var query = TicketQuery(
        text: SearchText.plain(request.query("q")),
        board: try desk.key("board_id", of: request, on: live).map { .init($0) },
        status: try desk.key("status_id", of: request, on: live).map { .init($0) })
    try SearchText.check(query.text)
    query.isOpen = try request.query("open", "true or false") { Bool($0) } ?? true
    query.companies = desk.companies(for: request, on: live)
    if let company = try desk.key("company_id", of: request, on: live).map({ Company.ID($0) }) {
        guard query.companies?.contains(company) ?? true else { return nil }
        query.companies = [company]
    }
    guard query.companies?.isEmpty != true else { return nil }
    if try request.query("mine", "true or false", { Bool($0) }) ?? false {
        let member = try await mappings.identifier(of: request.principal.user, on: live.connection.id)
        guard let member else {
            throw Problem.conflict(
                code: "not_mapped",
                "Nobody has said which member of the ticketing system you are. Do so under Integrations, member mapping."
            )
        }
        query.assignee = member
    }
    return query
}

/// What people type into a search.
package enum SearchText {
    /// Bytes of UTF-8. ConnectWise advises addresses of at most 2,000 characters, and a byte takes up to three there.
    static let longest = 200
    static let mostWords = 12

    /// A number as Patchbay writes it, `#10042`, is the number.
    package static func plain(_ text: String?) -> String? {
        text.map { $0.wholeMatch(of: /\s*#\s*(\d+)\s*/).map { String($0.1) } ?? $0 }
    }

    static func check(_ text: String?) throws(Problem) {
        guard let text else { return }
        guard text.utf8.count <= longest, TicketQuery(text: text).words.count <= mostWords else {
            throw .badRequest(
                "q may have at most \(longest) bytes and \(mostWords) words.",
                errors: [
                    .init(
                        field: "q", code: "length",
                        message: "may have at most \(longest) bytes and \(mostWords) words")
                ])
        }
    }
}

/// Which statuses are asked for.
private struct StatusChoice {
    let all: Bool
    let closing: Bool
    let time: Bool
    let refresh: Bool

    init(_ request: SignedInRequest) throws(Problem) {
        func flag(_ name: String) throws(Problem) -> Bool {
            try request.query(name, "true or false") { Bool($0) } ?? false
        }
        all = try flag("all")
        closing = try flag("closing")
        time = try flag("time")
        refresh = try flag("refresh")
    }

    @Sendable func shows(_ status: Board.Status) -> Bool {
        all
            || (!status.isInactive && (closing || !status.isClosed)
                && (!time || !status.refusesTime || closing && status.isClosed))
    }
}

/// Whether the ticket is looked at to find its board: where it is not told, or cannot be believed.
private func asksForTicket(_ request: SignedInRequest) -> Bool {
    request.query("board_id") == nil || request.tenant != nil || request.principal.tenants != nil
}

/// The ticket's board: as told, or as the ticketing system says.
private func board(
    _ request: SignedInRequest, _ desk: TicketDesk, _ live: LiveConnection
) async throws -> Board.ID? {
    if !asksForTicket(request), let told = try desk.key("board_id", of: request, on: live) {
        let board = Board.ID(told)
        guard try await asking({ try await desk.lists.hasBoard(board, on: live) }) else {
            throw Problem.notFound("board")
        }
        return board
    }
    return try await desk.ticket(for: request, on: live).board.map { .init($0.id) }
}

import API
import Accounts
import BoundaryText
import WebSupport

/// The operations that look at tickets.
func ticketReadingRoutes(
    _ access: TicketAccess, mappings: MemberMappings, limits: TicketLimits
) -> [Route] {
    Tickets.search.routes(limit: limits.search) { request in
        let live = try await access.live(for: request.signedIn)
        // The position is the last ticket's id.
        let page = try request.page { Int($0) != nil }
        guard let query = try await search(request, access, mappings, live) else { return .none }
        let found = try await asking { () throws(PSAError) in
            try await live.provider.search(query, limit: page.limit, after: page.after?.key)
        }
        return Page(found) { Tickets.Answer($0, live) }
    }
        + Tickets.show.routes(of: "ticket", limit: limits.lookUp) { request in
            let live = try await access.live(for: request.signedIn)
            let ticket = try await access.ticket(for: request.signedIn, on: live)
            // A right that is missing for these must not hide the ticket.
            let configurations = try? await live.provider.configurations(of: ticket.id)
            return Tickets.Details(ticket, configurations, live)
        }
        + Tickets.statuses.routes(
            of: "ticket", limit: limits.lookUp, limited: { asksForTicket($0) || isRefreshing($0) }
        ) { request in
            let live = try await access.live(for: request.signedIn)
            let choice = try StatusChoice(request)
            guard let board = try await board(request.signedIn, access, live) else { return Few([]) }
            let statuses = try await asking {
                try await access.lists.statuses(of: board, on: live, refresh: choice.refresh)
            }
            return Few(statuses.filter(choice.shows).map(Tickets.Status.init))
        }
        + Tickets.configurations.routes(of: "ticket", limit: limits.notes) { request in
            let live = try await access.live(for: request.signedIn)
            let ticket = try await access.requireSight(of: request.signedIn, on: live)
            let found = try await asking { () throws(PSAError) in
                try await live.provider.configurations(of: ticket)
            }
            return Few(found.map(Reference.init))
        }
        + Tickets.notes.routes(of: "ticket", limit: limits.notes) { request in
            let live = try await access.live(for: request.signedIn)
            let page = try request.page(live.provider.isNotePosition)
            let ticket = try await access.requireSight(of: request.signedIn, on: live)
            let found = try await asking { () throws(PSAError) in
                try await live.provider.notes(on: ticket, limit: page.limit, after: page.after?.key)
            }
            return Page(found, Tickets.Note.init)
        }
}

/// What a search asks for; nil when nothing can be found.
private func search<Place>(
    _ request: OperationRequest<Place, Tickets.Filter, NoBody>, _ access: TicketAccess, _ mappings: MemberMappings,
    _ live: LiveConnection
) async throws -> TicketQuery? {
    func key(_ name: Tickets.Filter) throws(Problem) -> String? {
        try access.key(name.rawValue, of: request.signedIn, on: live)
    }
    var query = TicketQuery(
        text: SearchText.plain(request.query(.text)), board: try key(.board).map { .init($0) },
        status: try key(.status).map { .init($0) })
    try SearchText.check(query.text)
    query.isOpen = try !(request.flag(.includeClosed) ?? false)
    query.companies = access.companies(for: request.signedIn, on: live)
    if let company = try key(.company).map({ Company.ID($0) }) {
        guard query.companies?.contains(company) ?? true else { return nil }
        query.companies = [company]
    }
    guard query.companies?.isEmpty != true else { return nil }
    if try request.flag(.mine) ?? false {
        let member = try await mappings.identifier(of: request.principal.user, on: live.connection.id)
        guard let member else {
            throw Problem.conflict(
                code: "not_mapped",
                "You have no member mapping, so your tickets cannot be found. Map yourself under Integrations, Member mapping."
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

    init<Place>(_ request: OperationRequest<Place, Tickets.StatusFilter, NoBody>) throws(Problem) {
        all = try request.flag(.all) ?? false
        closing = try request.flag(.includeClosed) ?? false
        time = try request.flag(.forTimeEntry) ?? false
        refresh = try request.flag(.refresh) ?? false
    }

    @Sendable func shows(_ status: Board.Status) -> Bool {
        all
            || (!status.isInactive && (closing || !status.isClosed)
                && (!time || !status.refusesTime || closing && status.isClosed))
    }
}

/// Whether the ticket is read to find its board: where the query does not name it, or cannot be trusted.
private func asksForTicket(_ request: SignedInRequest) -> Bool {
    request.query(Tickets.StatusFilter.board.rawValue) == nil || request.tenant != nil
        || request.principal.tenants != nil
}

/// The ticket's board: from the query, or from the ticketing system.
private func board(
    _ request: SignedInRequest, _ access: TicketAccess, _ live: LiveConnection
) async throws -> Board.ID? {
    if !asksForTicket(request), let told = try access.key(Tickets.StatusFilter.board.rawValue, of: request, on: live) {
        let board = Board.ID(told)
        guard try await asking({ try await access.lists.hasBoard(board, on: live) }) else {
            throw Problem.notFound("board")
        }
        return board
    }
    return try await access.ticket(for: request, on: live).board.map { .init($0.id) }
}

extension Page {
    /// A page as the PSA gave it.
    fileprivate init<Found: Sendable>(_ found: ListPage<Found>, _ answer: (Found) throws -> Item) rethrows {
        self.init(items: try found.items.map(answer), next: found.next.map { Cursor(key: $0) })
    }

    fileprivate static var none: Page { Page(items: [], next: nil) }
}

import Accounts
import Database
import Foundation
import WebSupport

/// What all operations on tickets begin with: which ticketing system, which customers, which ticket.
struct TicketDesk: Sendable {
    let connections: PSAConnections
    let lists: PSALists

    /// The ticketing system that a request is about.
    /// - Throws: 409 when nobody has connected one.
    func live(for request: SignedInRequest) async throws -> LiveConnection {
        let live = try await connections.live(for: request.tenant?.id, of: request.principal.organization)
        guard let live else {
            throw Problem.conflict(
                code: "not_connected",
                "There is no connection to a ticketing system. An administrator sets it up under Integrations."
            )
        }
        return live
    }

    /// The companies whose tickets the request may see; nil for all.
    func companies(for request: SignedInRequest) -> [Company.ID]? {
        if let tenant = request.tenant {
            // A customer of whom nobody said which company it is shows nothing to those who are limited to it.
            guard let company = tenant.psaCompany else { return request.principal.tenants == nil ? nil : [] }
            return [Company.ID(company)]
        }
        return request.principal.tenants.map { $0.compactMap { $0.psaCompany.map { Company.ID($0) } } }
    }

    /// A ticket as it is now.
    /// - Throws: 404 also for one that the caller may not see.
    func ticket(for request: SignedInRequest, on live: LiveConnection) async throws -> Ticket {
        let id: Ticket.ID = try request.id(of: "ticket")
        let ticket = try await asking { () throws(PSAError) in try await live.provider.lookUp(id) }
        guard let ticket, may(request, see: ticket) else { throw Problem.notFound("ticket") }
        return ticket
    }

    private func may(_ request: SignedInRequest, see ticket: Ticket) -> Bool {
        guard let companies = companies(for: request) else { return true }
        return ticket.company.map { company in companies.contains { $0.rawValue == company.id } } ?? false
    }

    /// Only who sees all of an organization's tickets need not be checked ticket by ticket.
    func requireSight(of request: SignedInRequest, on live: LiveConnection) async throws -> Ticket.ID {
        guard companies(for: request) != nil else { return try request.id(of: "ticket") }
        return try await ticket(for: request, on: live).id
    }
}

/// Asks the ticketing system, and says in words what went wrong.
func asking<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
        return try await body()
    } catch let error as PSAError {
        throw error.problem
    }
}

/// How often an organization may ask for what costs calls of the ticketing system.
public struct TicketLimits: Sendable, Equatable {
    /// Searches a minute.
    public var searches: Int
    /// Tickets looked up a minute.
    public var lookUps: Int
    /// Writes a minute.
    public var posts: Int

    /// As documented unless told otherwise.
    public init(searches: Int = 60, lookUps: Int = 30, posts: Int = 10) {
        self.searches = searches
        self.lookUps = lookUps
        self.posts = posts
    }

    var search: RateLimit { RateLimit("ticket_search", calls: searches) }
    var lookUp: RateLimit { RateLimit("ticket", calls: lookUps) }
    var notes: RateLimit { RateLimit("ticket_notes", calls: lookUps) }
    var post: RateLimit { RateLimit("ticket_post", calls: posts) }
}

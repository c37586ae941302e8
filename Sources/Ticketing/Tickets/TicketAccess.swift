import Accounts
import BoundaryText
import Database
import Foundation
import WebSupport

/// What all operations on tickets begin with: which ticketing system, which customers, which ticket.
package struct TicketAccess: Sendable {
    package let connections: PSAConnections
    package let lists: PSALists

    /// Makes one.
    package init(connections: PSAConnections, lists: PSALists) {
        self.connections = connections
        self.lists = lists
    }

    /// The ticketing system that a request is about.
    /// - Throws: 409 when none is connected, or it is disabled.
    package func live(for request: SignedInRequest) async throws -> LiveConnection {
        try await live(for: request.tenant?.id, of: request.principal.organization)
    }

    /// The ticketing system that is used for a customer, or for none.
    /// - Throws: 409 when none is connected, or it is disabled.
    package func live(for tenant: Tenant.ID?, of organization: Organization.ID) async throws -> LiveConnection {
        let live = try await connections.live(for: tenant, of: organization)
        if let live { return live }
        guard try await !connections.isSwitchedOff(for: tenant, of: organization) else {
            throw Problem.conflict(
                code: "connection_disabled",
                "The PSA connection is disabled. Ask an administrator to enable it.")
        }
        throw Problem.conflict(
            code: "psa_not_connected",
            "No PSA is connected. Ask an administrator to connect one under Integrations.")
    }

    /// The companies whose tickets the request may see through a connection; nil for all.
    package func companies(for request: SignedInRequest, on live: LiveConnection) -> [Company.ID]? {
        Self.companies(for: request.tenant, request.principal, on: live.connection)
    }

    /// The companies whose tickets a user may see through a connection; nil for all. A customer's company is one of the
    /// MSP's ticketing system; in one of the customer's own all tickets are the customer's.
    package static func companies(
        for tenant: Tenant?, _ principal: Principal, on connection: PSAConnection
    ) -> [Company.ID]? {
        if let owner = connection.tenant {
            return principal.tenants.map { $0.contains { $0.id == owner } } ?? true ? nil : []
        }
        if let tenant {
            // A customer without a company shows nothing to users who are limited to it.
            guard let company = tenant.psaCompany else { return principal.tenants == nil ? nil : [] }
            return [Company.ID(company)]
        }
        return principal.tenants.map { $0.compactMap { $0.psaCompany.map { Company.ID($0) } } }
    }

    /// The number of the ticket that a request is about.
    /// - Throws: 404 for what can be none.
    package func number(of request: SignedInRequest, on live: LiveConnection) throws -> Ticket.ID {
        let id: Ticket.ID = try request.id(of: "ticket")
        guard live.provider.isKey(id.rawValue) else { throw Problem.notFound("ticket") }
        return id
    }

    /// A key of the ticketing system in the query.
    /// - Throws: 400 for an impossible key.
    package func key(_ name: String, of request: SignedInRequest, on live: LiveConnection) throws(Problem) -> String? {
        guard let text = request.query(name) else { return nil }
        guard live.provider.isKey(text) else {
            throw .badRequest(
                "\(name) is not a ConnectWise ID.",
                errors: [.init(field: name, code: "wrong_value", message: "is not a ConnectWise ID")])
        }
        return text
    }

    /// A ticket as it is now.
    /// - Throws: 404 also for one that the caller may not see.
    package func ticket(for request: SignedInRequest, on live: LiveConnection) async throws -> Ticket {
        let id = try number(of: request, on: live)
        let ticket = try await asking { () throws(PSAError) in try await live.provider.lookUp(id) }
        guard let ticket, may(request, see: ticket, on: live) else { throw Problem.notFound("ticket") }
        return ticket
    }

    private func may(_ request: SignedInRequest, see ticket: Ticket, on live: LiveConnection) -> Bool {
        guard let companies = companies(for: request, on: live) else { return true }
        return ticket.company.map { company in companies.contains { $0.rawValue == company.id } } ?? false
    }

    /// Only who sees all of an organization's tickets need not be checked ticket by ticket.
    package func requireSight(of request: SignedInRequest, on live: LiveConnection) async throws -> Ticket.ID {
        guard companies(for: request, on: live) != nil else { return try number(of: request, on: live) }
        return try await ticket(for: request, on: live).id
    }
}

/// Asks the ticketing system, and says in words what went wrong.
package func asking<Value>(_ body: () async throws -> Value) async throws -> Value {
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

    /// The documented limits by default.
    public init(searches: Int = 60, lookUps: Int = 30, posts: Int = 10) {
        self.searches = searches
        self.lookUps = lookUps
        self.posts = posts
    }

    package var search: RateLimit { RateLimit("ticket_search", calls: searches) }
    package var lookUp: RateLimit { RateLimit("ticket", calls: lookUps) }
    /// Lists that are read again though the copy is new enough.
    var refresh: RateLimit { RateLimit("list_refresh", calls: lookUps) }
    var notes: RateLimit { RateLimit("ticket_notes", calls: lookUps) }
    package var post: RateLimit { RateLimit("ticket_post", calls: posts) }
}

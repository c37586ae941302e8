import Accounts
import BoundaryText
import Database
import Foundation
import HTTPTypes
import Ticketing
import WebSupport

/// Writes to tickets that no request asks for but a job, in the name of the person who set its work going: a session, or a
/// change. They are checked, logged and written as if the person asked at this moment, with the mapping, the rights and the
/// customers that the person has then. The limits a minute are for requests and do not count here.
public struct WritesInTheName: Sendable {
    /// What a write comes from.
    public enum Origin: Sendable, CustomStringConvertible {
        /// A troubleshooting session.
        case session(Int64)
        /// A change of a phone system.
        case change(Int64)

        /// As it stands in the post log.
        public var description: String {
            switch self {
            case .session(let number): "session \(number)"
            case .change(let number): "change \(number)"
            }
        }
    }

    private let database: Database
    private let desk: TicketDesk
    private let posts: Posts

    init(database: Database, desk: TicketDesk, posts: Posts) {
        self.database = database
        self.desk = desk
        self.posts = posts
    }

    /// Asks for writes. Asked again under the same key it is the same request, whatever became of it.
    /// - Parameters:
    ///   - tenant: the customer for whom the work is done; nil for none.
    ///   - key: names what is asked for, among all that the person ever asks for.
    /// - Throws: a `Problem` when the person may not, or what is asked for is not right: 403, 404, 409 or 422.
    /// - Returns: the request in the post log.
    @discardableResult
    public func ask(
        for draft: PostDraft, on ticket: Ticket.ID, for tenant: Tenant.ID?, in user: User.ID, from origin: Origin,
        key: String
    ) async throws -> PostRequest.ID {
        let (principal, customer, isOn) = try await database.read { db in
            guard let principal = try Principal.of(user, at: "\(origin)", in: db) else {
                throw Self.refusal("The person in whose name it is written may no longer sign in.")
            }
            let customer = try tenant.map { id in
                guard let customer = try Tenant.visible(id, to: principal, in: db) else {
                    throw Problem.notFound("tenant")
                }
                return customer
            }
            return (principal, customer, try FeatureFlags.isOn(.connectWise, for: principal.organization, in: db))
        }
        guard principal.role >= .engineer else {
            throw Self.refusal("Writing to tickets needs the role engineer, which \(principal.email) does not have.")
        }
        guard isOn else { throw Self.refusal("Writing to tickets is switched off.") }
        let name = Posts.Name(
            key, draft.kind, tenant, ticket, body: Data("\(origin)\n".utf8) + (try JSONEncoder.sorted.encode(draft)))
        if let earlier = try await posts.earlier(name, by: principal) { return earlier }
        let live = try await desk.live(for: tenant, of: principal.organization)
        guard live.provider.isKey(ticket.rawValue) else { throw Problem.notFound("ticket") }
        try FieldChecks.keys(of: draft, live.provider)
        let place = Posts.Place(
            live: live, tenant: tenant,
            companies: TicketDesk.companies(for: customer, principal, on: live.connection), ticket: ticket)
        return try await posts.ask(
            for: draft, at: place, replacing: nil, by: principal, principal.actor, named: name)
    }

    private static func refusal(_ detail: String) -> Problem {
        Problem(.forbidden, code: "may_not_write", title: "It may not be written", detail: detail)
    }
}

import API
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

        /// As shown in the post log.
        public var description: String {
            switch self {
            case .session(let number): "session \(number)"
            case .change(let number): "change \(number)"
            }
        }
    }

    private let database: Database
    private let access: TicketAccess
    private let posts: Posts
    private let now: @Sendable () -> Date

    init(database: Database, access: TicketAccess, posts: Posts, now: @escaping @Sendable () -> Date) {
        self.database = database
        self.access = access
        self.posts = posts
        self.now = now
    }

    /// In whose name it is written, and what for.
    public struct Asker: Sendable {
        let user: User.ID
        let organization: Organization.ID
        let tenant: Tenant.ID?
        let origin: Origin

        /// - Parameters:
        ///   - organization: where the work is done; a super administrator may do it in another than the own one.
        ///   - tenant: the customer for whom it is done; nil for none.
        public init(_ user: User.ID, in organization: Organization.ID, for tenant: Tenant.ID?, from origin: Origin) {
            self.user = user
            self.organization = organization
            self.tenant = tenant
            self.origin = origin
        }
    }

    /// Asks for writes. Asked again under the same key it is the same request, whatever became of it and of the person's
    /// rights since.
    /// - Parameter key: names what is asked for among all that comes from the same origin.
    /// - Throws: a `Problem` when the person may not, or what is asked for is not right: 403, 404, 409 or 422.
    /// - Returns: the request in the post log.
    @discardableResult
    public func ask(
        for draft: PostDraft, on ticket: Ticket.ID, by asker: Asker, key: String
    ) async throws -> PostRequest.ID {
        let (origin, tenant) = (asker.origin, asker.tenant)
        let found = try await database.read { db -> (Principal, isOn: Bool)? in
            let principal = try Principal.of(asker.user, in: asker.organization, at: "\(origin)", in: db)
            return try principal.map { ($0, try FeatureFlagStore.isOn(.connectWise, for: $0.organization, in: db)) }
        }
        guard let (principal, isOn) = found else {
            throw Self.refusal("The user in whose name the ticket is updated can no longer sign in.")
        }
        // Apart from the keys that the person's own requests have.
        let name = Posts.Name(
            "\(origin): \(key)", draft.kind, tenant, ticket, body: try JSONEncoder.sorted.encode(draft))
        if let earlier = try await posts.earlier(name, by: principal) { return earlier }
        guard principal.role >= .engineer else {
            throw Self.refusal("Updating tickets needs the engineer role, which \(principal.email) does not have.")
        }
        guard isOn else { throw Self.refusal("ConnectWise is disabled for the organization.") }
        let customer = try await database.read { db in
            try tenant.map { id in
                guard let customer = try Tenant.visible(id, to: principal, in: db) else {
                    throw Problem.notFound("tenant")
                }
                return customer
            }
        }
        let live = try await access.live(for: tenant, of: principal.organization)
        guard live.provider.isKey(ticket.rawValue) else { throw Problem.notFound("ticket") }
        let checked = try draft.checked(longestNote: live.provider.longestNote, now: now())
        try FieldChecks.keys(of: checked, live.provider)
        let place = Posts.Place(
            live: live, tenant: tenant,
            companies: TicketAccess.companies(for: customer, principal, on: live.connection), ticket: ticket)
        return try await posts.ask(
            for: checked, at: place, replacing: nil, by: principal, principal.actor, named: name)
    }

    private static func refusal(_ detail: String) -> Problem {
        Problem(.forbidden, code: "write_not_allowed", title: "Update not allowed", detail: detail)
    }
}

import API
import Accounts
import BoundaryText
import HTTPTypes
import WebSupport

/// The operations on the PSA's members, and on which user is which of them.
func memberRoutes(_ access: TicketAccess, _ mappings: MemberMappings, limits: TicketLimits) -> [Route] {
    PSA.Members.list.routes(limit: limits.refresh, limited: isRefreshing) { request in
        let live = try await access.live(for: request.signedIn)
        let (refresh, page) = (try request.flag(.refresh) ?? false, try request.page(PSALists.isKey))
        let members = try await asking {
            try await access.lists.members(on: live, search: request.query(.search), refresh: refresh, page: page)
        }
        return members.map(Members.Answer.init)
    }
        + API.MemberMappings.list.routes { request in
            let live = try await access.live(for: request.signedIn)
            // Others see themselves.
            let user = request.principal.role >= .admin ? nil : request.principal.user
            return try await mappings.list(
                on: live.connection, user: user, isMapped: request.flag(.mapped), page: request.page()
            ).map(API.MemberMappings.Answer.init)
        }
        + API.MemberMappings.save.routes(isFlagged: true) { request in
            let live = try await access.live(for: request.signedIn)
            let wishes = try await request.body().wishes(of: request.principal)
            let saved = try await asking { try await mappings.save(wishes, on: live, by: request.signedIn) }
            return Few(saved.map(API.MemberMappings.Answer.init))
        }
        + API.MemberMappings.autoMatch.routes(isFlagged: true, reach: .organization) { request in
            let live = try await access.live(for: request.signedIn)
            let report = try await asking { try await mappings.autoMatch(on: live, by: request.signedIn) }
            return API.MemberMappings.Report(
                matched: report.matched.map(API.MemberMappings.Answer.init),
                ambiguous: report.ambiguous.map(API.MemberMappings.Answer.init),
                unmatched: report.unmatched.map(API.MemberMappings.Answer.init))
        }
}

extension API.MemberMappings.Change {
    fileprivate func wishes(of principal: Principal) throws(Problem) -> [MemberMappings.Wish] {
        func refuse(_ message: String) -> Problem {
            .invalid([.init(field: "mappings", code: "wrong_value", message: message)])
        }
        guard (1...500).contains(mappings.count) else { throw refuse("must have 1 to 500 entries.") }
        guard Set(mappings.map(\.user)).count == mappings.count else { throw refuse("must name each user once.") }
        let members = mappings.compactMap(\.member)
        guard Set(members).count == members.count else { throw refuse("must name each member once.") }
        guard principal.role >= .admin || mappings.allSatisfy({ $0.user == principal.user }) else {
            throw Problem(
                .forbidden, code: "forbidden", title: "Your role does not allow this",
                detail: "You can map only yourself. Ask an administrator to map other users.")
        }
        return mappings.map { .init(user: $0.user, member: $0.member) }
    }
}

extension API.MemberMappings.Answer {
    fileprivate init(_ person: MemberMappings.Person) {
        let mapping = person.mapping
        self.init(
            user: person.user, userName: person.name, userEmail: person.email, member: mapping?.member,
            memberIdentifier: mapping?.identifier, memberName: mapping?.name, matchedBy: mapping?.matchedBy,
            memberInactive: person.hasLeft)
    }
}

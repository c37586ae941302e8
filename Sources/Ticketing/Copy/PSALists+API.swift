import API
import Accounts
import BoundaryText
import WebSupport

/// The operations on what people choose from.
func listRoutes(_ access: TicketAccess, limits: TicketLimits) -> [Route] {
    WorkRoles.list.routes(limit: limits.refresh, limited: isRefreshing) { request in
        let (live, again) = (try await access.live(for: request.signedIn), try request.flag(.refresh) ?? false)
        let roles = try await asking { try await access.lists.workRoles(on: live, refresh: again) }
        return Few(roles.map { Reference(id: $0.id.rawValue, name: $0.name) })
    }
        + WorkTypes.list.routes(limit: limits.refresh, limited: isRefreshing) { request in
            let (live, again) = (try await access.live(for: request.signedIn), try request.flag(.refresh) ?? false)
            let types = try await asking { try await access.lists.workTypes(on: live, refresh: again) }
            return Few(types.map { Reference(id: $0.id.rawValue, name: $0.name) })
        }
        + PSA.Boards.list.routes(limit: limits.refresh, limited: isRefreshing) { request in
            let (live, again) = (try await access.live(for: request.signedIn), try request.flag(.refresh) ?? false)
            let page = try request.page(live.provider.isKey)
            let boards = try await asking { try await access.lists.boards(on: live, refresh: again, page: page) }
            return boards.map { Reference(id: $0.id.rawValue, name: $0.name) }
        }
        + Companies.list.routes(limit: limits.refresh, limited: isRefreshing) { request in
            let (live, again) = (try await access.live(for: request.signedIn), try request.flag(.refresh) ?? false)
            let page = try request.page(PSALists.isKey)
            var only = access.companies(for: request.signedIn, on: live)
            if let id = try access.key(Companies.Filter.id.rawValue, of: request.signedIn, on: live).map({
                Company.ID($0)
            }) {
                only = only?.filter { $0 == id } ?? [id]
            }
            let (search, companies) = (request.query(.search), only)
            let found = try await asking {
                try await access.lists.companies(on: live, search: search, only: companies, refresh: again, page: page)
            }
            return found.map { Reference(id: $0.id.rawValue, name: $0.name) }
        }
}

/// Whether a request has a list read again. What is neither true nor false is refused by its handler.
@Sendable func isRefreshing(_ request: SignedInRequest) -> Bool {
    request.query(Refresh.refresh.rawValue).flatMap { Bool($0) } ?? false
}

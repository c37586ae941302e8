import API
import Accounts
import BoundaryText
import Hummingbird
import WebSupport

/// The operations on what people choose from.
/// - Parameter prefix: `/integrations/psa`, or that of a tenant.
func listRoutes(
    _ desk: TicketDesk, limits: TicketLimits, under prefix: String, flag: FeatureFlag?
) -> [Route] {
    let refresh = QueryParameter("refresh", .flag, "ask again, however new the copy is")
    return [
        Route(
            .get, prefix + "/work-roles", .engineer, "Lists the work roles that are offered", query: [refresh],
            gives: .list(ReferenceAnswer.self), flag: flag, reach: .tenants, limit: limits.refresh,
            limited: isRefreshing
        ) { request in
            let (live, again) = (try await desk.live(for: request), try isRefresh(request))
            let roles = try await asking { try await desk.lists.workRoles(on: live, refresh: again) }
            return .json(Items(items: roles.map { .init(id: $0.id.rawValue, name: $0.name) }))
        },
        Route(
            .get, prefix + "/work-types", .engineer, "Lists the kinds of work that are offered", query: [refresh],
            gives: .list(ReferenceAnswer.self), flag: flag, reach: .tenants, limit: limits.refresh,
            limited: isRefreshing
        ) { request in
            let (live, again) = (try await desk.live(for: request), try isRefresh(request))
            let types = try await asking { try await desk.lists.workTypes(on: live, refresh: again) }
            return .json(Items(items: types.map { .init(id: $0.id.rawValue, name: $0.name) }))
        },
        Route(
            .get, prefix + "/boards", .engineer, "Lists the boards that are used", query: [refresh],
            gives: .page(ReferenceAnswer.self), flag: flag, reach: .tenants, limit: limits.refresh,
            limited: isRefreshing
        ) { request in
            let (live, again) = (try await desk.live(for: request), try isRefresh(request))
            let page = try request.page(live.provider.isKey)
            let boards = try await asking { try await desk.lists.boards(on: live, refresh: again, page: page) }
            return .json(boards.map { ReferenceAnswer(id: $0.id.rawValue, name: $0.name) })
        },
        Route(
            .get, prefix + "/companies", .engineer, "Lists the companies by name",
            query: [
                QueryParameter("search", .text, "a part of the name"), QueryParameter("id", .text, "only this one"),
                refresh,
            ], gives: .page(ReferenceAnswer.self), flag: flag, reach: .tenants, limit: limits.refresh,
            limited: isRefreshing
        ) { request in
            let (live, again) = (try await desk.live(for: request), try isRefresh(request))
            let page = try request.page(PSALists.isKey)
            var only = desk.companies(for: request, on: live)
            if let id = try desk.key("id", of: request, on: live).map({ Company.ID($0) }) {
                only = only?.filter { $0 == id } ?? [id]
            }
            let companies = try await asking {
                try await desk.lists.companies(
                    on: live, search: request.query("search"), only: only, refresh: again, page: page)
            }
            return .json(companies.map { ReferenceAnswer(id: $0.id.rawValue, name: $0.name) })
        },
    ]
}

/// Whether a request wants a list read again.
func isRefresh(_ request: SignedInRequest) throws(Problem) -> Bool {
    try request.query("refresh", "true or false") { Bool($0) } ?? false
}

/// The same where what is no answer is refused elsewhere.
@Sendable func isRefreshing(_ request: SignedInRequest) -> Bool { (try? isRefresh(request)) ?? false }

private struct Items: Encodable {
    let items: [ReferenceAnswer]
}

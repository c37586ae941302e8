import API
import Accounts
import BoundaryText
import Hummingbird
import WebSupport

extension PSAOperation where Answer: Codable {
    /// Its two routes. The feature has to be enabled in the scope of a customer.
    /// - Parameters:
    ///   - thing: what its path names, for the answer that there is none.
    ///   - isFlagged: whether the feature has to be enabled for the whole organization's too.
    ///   - handle: does it, for both.
    package func routes(
        of thing: String = "address", isFlagged: Bool = false, reach: Route.Reach = .tenants, limit: RateLimit? = nil,
        limited: @escaping @Sendable (SignedInRequest) -> Bool = { _ in true },
        handlesIdempotency: (@Sendable (SignedInRequest) async throws -> Bool)? = nil,
        respond: @escaping @Sendable (OperationRequest<Place, Query, Body>) async throws -> Response
    ) -> [Route] {
        var known: (@Sendable (OperationRequest<Place, Query, Body>) async throws -> Bool)?
        var knownForTenant: (@Sendable (OperationRequest<InTenant<Place>, Query, Body>) async throws -> Bool)?
        if let handlesIdempotency {
            known = { try await handlesIdempotency($0.signedIn) }
            knownForTenant = { try await handlesIdempotency($0.signedIn) }
        }
        return [
            Route(
                main, of: thing, flag: isFlagged ? .connectWise : nil, reach: reach, limit: limit,
                limited: { limited($0.signedIn) }, handlesIdempotency: known, respond: respond),
            Route(
                tenant, of: thing, flag: .connectWise, reach: reach, limit: limit, limited: { limited($0.signedIn) },
                handlesIdempotency: knownForTenant, respond: { try await respond($0.at($0.place.inner)) }),
        ]
    }

    /// The same for what always answers 200.
    package func routes(
        of thing: String = "address", isFlagged: Bool = false, reach: Route.Reach = .tenants, limit: RateLimit? = nil,
        limited: @escaping @Sendable (SignedInRequest) -> Bool = { _ in true },
        handle: @escaping @Sendable (OperationRequest<Place, Query, Body>) async throws -> Answer
    ) -> [Route] {
        routes(
            of: thing, isFlagged: isFlagged, reach: reach, limit: limit, limited: limited,
            respond: { .json(try await handle($0)) })
    }
}

extension OperationRequest {
    /// A flag in the query; nil when it is absent.
    package func flag(_ name: Query) throws(Problem) -> Bool? { try query(name, "true or false") { Bool($0) } }
}

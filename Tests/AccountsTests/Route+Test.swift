import API
import HTTPTypes
import Hummingbird
import WebSupport

@testable import Accounts

extension Route {
    /// A route of no operation: what a test needs of one.
    init(
        _ method: HTTPRequest.Method, _ path: String, _ role: Role, _ summary: String, query: [QueryParameter] = [],
        takes: (any JSONBody.Type)? = nil, gives: RouteAnswer, flag: FeatureFlag? = nil, limit: RateLimit? = nil,
        handlesIdempotency: (@Sendable (SignedInRequest) async throws -> Bool)? = nil,
        handle: @escaping @Sendable (SignedInRequest) async throws -> Response
    ) {
        self.init(
            id: "\(method.rawValue) \(path)", method, path, also: [], role, .rules, summary, query: query, takes: takes,
            gives: gives, flag: flag, reach: .organization, limit: limit, limited: { _ in true },
            handlesIdempotency: handlesIdempotency, handle: handle)
    }
}

import API
import BoundaryText
import HTTPTypes
import Hummingbird
import WebSupport

/// An operation of the API. Each feature lists its routes; the router, the role check and the OpenAPI description are
/// derived from them.
public struct Route: Sendable {
    /// The name in the OpenAPI description.
    public let id: String
    /// The HTTP method.
    public let method: HTTPRequest.Method
    /// The path below `/api/v1`, with `{name}` for parameters.
    public let path: String
    /// Further paths of the same operation, with the same parameter names.
    public let aliases: [Alias]
    /// The lowest role that may use it.
    public let role: Role
    /// The scope that an API key needs for it.
    public let scope: Scope
    /// A short description of what it does.
    public let summary: String
    /// The query parameters, besides `limit` and `cursor` of lists.
    public let query: [QueryParameter]
    /// The type of the request body.
    public let takes: (any JSONBody.Type)?
    /// The response on success.
    public let gives: RouteAnswer
    /// The feature that must be enabled.
    public let flag: FeatureFlag?
    /// Who may use it besides users who see the whole organization.
    public let reach: Reach
    /// The rate limit.
    public let limit: RateLimit?
    /// Which requests count toward the limit.
    public let limited: @Sendable (SignedInRequest) -> Bool
    /// Set if the handler itself ensures that requests with the same `Idempotency-Key` are processed once. Returns
    /// whether the request was already processed. Nil if the gate does this.
    public let handlesIdempotency: (@Sendable (SignedInRequest) async throws -> Bool)?
    let handle: @Sendable (SignedInRequest) async throws -> Response

    init(
        id: String, _ method: HTTPRequest.Method, _ path: String, also aliases: [Alias], _ role: Role, _ scope: Scope,
        _ summary: String, query: [QueryParameter], takes: (any JSONBody.Type)?, gives: RouteAnswer, flag: FeatureFlag?,
        reach: Reach, limit: RateLimit?, limited: @escaping @Sendable (SignedInRequest) -> Bool,
        handlesIdempotency: (@Sendable (SignedInRequest) async throws -> Bool)?,
        handle: @escaping @Sendable (SignedInRequest) async throws -> Response
    ) {
        self.id = id
        self.method = method
        self.path = path
        self.aliases = aliases
        self.role = role
        self.scope = scope
        self.summary = summary
        self.query = query
        self.takes = takes
        self.gives = gives
        self.flag = flag
        self.reach = reach
        self.limit = limit
        self.limited = limited
        self.handlesIdempotency = handlesIdempotency
        self.handle = handle
    }

    /// Whether users with a customer limit may use an operation.
    public enum Reach: Sendable {
        /// They may not: it concerns the whole organization.
        case organization
        /// They may: it concerns only themselves, or shows only data of their customers.
        case tenants
    }

    /// The query parameters that this route does not know. Short lists accept paging parameters like long ones,
    /// although they don't need them.
    func unknownParameters(in query: [String: String]) -> [String] {
        let paging =
            switch gives {
            case .page, .list: ["limit", "cursor"]
            case .one, .made, .accepted, .doneOrAccepted, .nothing, .file: [String]()
            }
        return query.keys.filter { name in !paging.contains(name) && !self.query.contains { $0.name == name } }.sorted()
    }

    /// The maximum length of path parameters, and the default for query parameters, in Unicode scalars.
    public static let longestParameter = 200
    /// A cursor contains a sort key of the list, which may be a name.
    static let longestCursor = 1_000

    /// Checks the lengths of path and query parameters before the request is processed.
    func checkLengths(of request: SignedInRequest) throws(Problem) {
        // No ID or name of ours is longer.
        guard request.parameters.values.allSatisfy({ $0.fits(scalars: Self.longestParameter) }) else {
            throw .notFound("address")
        }
        for (name, value) in request.queryItems.sorted(by: { $0.key < $1.key }) {
            let known = query.first { $0.name == name }?.longest
            let most = known ?? (name == "cursor" ? Self.longestCursor : Self.longestParameter)
            guard !value.fits(scalars: most) else { continue }
            throw .badRequest(
                "\(name) may have at most \(most) characters.",
                errors: [.init(field: name, code: "length", message: "may have at most \(most) characters")])
        }
    }

    /// All methods and paths of the operation, the main one first.
    public var places: [(method: HTTPRequest.Method, path: String)] {
        [(method, path)] + aliases.map { ($0.method ?? method, $0.path) }
    }

    /// The main path of a request, whichever path it was sent to.
    func path(with parameters: [String: String]) -> String {
        path.splitBytes(on: "/", omittingEmpty: false)
            .map { segment in segment.placeholder.map { parameters[$0] ?? "" } ?? String(segment) }
            .joined(separator: "/")
    }
}

/// The response of an operation on success.
public enum RouteAnswer: Sendable {
    /// 200 with one resource.
    case one(any (Decodable & Sendable).Type)
    /// 200 with `items` and `next_cursor`, read with `limit` and `cursor`.
    case page(any (Decodable & Sendable).Type)
    /// 200 with `items`, a short list.
    case list(any (Decodable & Sendable).Type)
    /// 201 with the created resource and its `Location`.
    case made(any (Decodable & Sendable).Type)
    /// 202 with what continues in the background.
    case accepted(any (Decodable & Sendable).Type)
    /// 200 with the result, or 202 with what continues in the background.
    case doneOrAccepted(any (Decodable & Sendable).Type)
    /// 204 without a body.
    case nothing
    /// 200 with content other than JSON, of one of these types.
    case file([String])

    /// The HTTP status.
    public var status: HTTPResponse.Status {
        switch self {
        case .one, .page, .list, .file, .doneOrAccepted: .ok
        case .made: .created
        case .accepted: .accepted
        case .nothing: .noContent
        }
    }
}

/// A query parameter.
public struct QueryParameter: Sendable {
    /// The type of its values.
    public enum Kind: Sendable {
        case text
        case integer
        case flag
        case instant
        case oneOf([String])
    }

    /// The name.
    public let name: String
    /// The type of its values.
    public let kind: Kind
    /// A short description of what it does.
    public let summary: String
    /// The maximum number of Unicode scalars.
    public let longest: Int

    /// Creates a parameter.
    public init(
        _ name: String, _ kind: Kind = .text, _ summary: String = "", longest: Int = Route.longestParameter
    ) {
        self.name = name
        self.kind = kind
        self.summary = summary
        self.longest = longest
    }
}

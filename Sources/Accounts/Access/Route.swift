import API
import BoundaryText
import HTTPTypes
import Hummingbird
import WebSupport

/// One operation of the API. Each feature lists its own in a table; router, role check and the OpenAPI description are made
/// from it.
public struct Route: Sendable {
    /// Its name in the API's description.
    public let id: String
    /// GET, POST …
    public let method: HTTPRequest.Method
    /// Below `/api/v1`, with `{name}` for parameters.
    public let path: String
    /// Further places of the same operation, with the same names for parameters.
    public let aliases: [Alias]
    /// The smallest role that may do it.
    public let role: Role
    /// The part of the API that it belongs to, by which keys are limited.
    public let scope: Scope
    /// What it does, in a few words.
    public let summary: String
    /// What its query may hold, beside `limit` and `cursor` of lists.
    public let query: [QueryParameter]
    /// What its body is.
    public let takes: (any JSONBody.Type)?
    /// What it answers when all is well.
    public let gives: RouteAnswer
    /// The feature that has to be switched on.
    public let flag: FeatureFlag?
    /// Who may use it beside those who see the whole organization.
    public let reach: Reach
    /// How often it may be used.
    public let limit: RateLimit?
    /// Which requests count for the limit.
    public let limited: @Sendable (SignedInRequest) -> Bool
    /// Where the handler itself sees to it that a request with the same `Idempotency-Key` is done once: tells whether it
    /// was done before. Nil where the gate does.
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

    /// For whom an operation is that are limited to some customers.
    public enum Reach: Sendable {
        /// Not for them: it concerns the whole organization.
        case organization
        /// For them too: it concerns only themselves, or shows only what belongs to their customers.
        case tenants
    }

    /// What a query has that is not known here. Short lists take the paging of long ones, and need it not.
    func unknownParameters(in query: [String: String]) -> [String] {
        let paging =
            switch gives {
            case .page, .list: ["limit", "cursor"]
            case .one, .made, .accepted, .doneOrAccepted, .nothing, .file: [String]()
            }
        return query.keys.filter { name in !paging.contains(name) && !self.query.contains { $0.name == name } }.sorted()
    }

    /// Of a parameter in the path, and of one in the query of which nothing else is said.
    public static let longestParameter = 200
    /// A cursor holds a key of the list, which may be a name.
    static let longestCursor = 1_000

    /// What is too long in the path or the query, before anything is done with it.
    func checkLengths(of request: SignedInRequest) throws(Problem) {
        // What is longer is no thing of ours.
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

    /// Everywhere it is: the main place first.
    public var places: [(method: HTTPRequest.Method, path: String)] {
        [(method, path)] + aliases.map { ($0.method ?? method, $0.path) }
    }

    /// The path of a request by whichever of its paths it came.
    func path(with parameters: [String: String]) -> String {
        path.splitBytes(on: "/", omittingEmpty: false)
            .map { segment in segment.placeholder.map { parameters[$0] ?? "" } ?? String(segment) }
            .joined(separator: "/")
    }
}

/// What an operation answers when all is well.
public enum RouteAnswer: Sendable {
    /// 200 with one thing.
    case one(any (Decodable & Sendable).Type)
    /// 200 with `items` and `next_cursor`, read with `limit` and `cursor`.
    case page(any (Decodable & Sendable).Type)
    /// 200 with `items`, which are few.
    case list(any (Decodable & Sendable).Type)
    /// 201 with the new thing and its `Location`.
    case made(any (Decodable & Sendable).Type)
    /// 202 with what goes on.
    case accepted(any (Decodable & Sendable).Type)
    /// 200 with what was done, or 202 with what goes on.
    case doneOrAccepted(any (Decodable & Sendable).Type)
    /// 204.
    case nothing
    /// 200 with something else than JSON, of one of these types.
    case file([String])

    /// The status.
    public var status: HTTPResponse.Status {
        switch self {
        case .one, .page, .list, .file, .doneOrAccepted: .ok
        case .made: .created
        case .accepted: .accepted
        case .nothing: .noContent
        }
    }
}

/// A parameter of a query.
public struct QueryParameter: Sendable {
    /// What values it takes.
    public enum Kind: Sendable {
        case text
        case integer
        case flag
        case instant
        case oneOf([String])
    }

    /// Its name.
    public let name: String
    /// What values it takes.
    public let kind: Kind
    /// What it does.
    public let summary: String
    /// How many Unicode scalars it may have.
    public let longest: Int

    /// Describes a parameter.
    public init(
        _ name: String, _ kind: Kind = .text, _ summary: String = "", longest: Int = Route.longestParameter
    ) {
        self.name = name
        self.kind = kind
        self.summary = summary
        self.longest = longest
    }
}

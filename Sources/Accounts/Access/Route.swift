import Foundation
import HTTPTypes
import Hummingbird
import WebSupport

/// One operation of the API. Each feature lists its own in a table; router, role check and description are made from it.
public struct Route: Sendable {
    /// GET, POST …
    public let method: HTTPRequest.Method
    /// Below `/api/v1`, with `{name}` for parameters.
    public let path: String
    /// The smallest role that may do it.
    public let role: Role
    /// What it does, in a few words.
    public let summary: String
    let handle: @Sendable (SignedInRequest) async throws -> Response

    /// Describes an operation.
    public init(
        _ method: HTTPRequest.Method, _ path: String, _ role: Role, _ summary: String,
        handle: @escaping @Sendable (SignedInRequest) async throws -> Response
    ) {
        self.method = method
        self.path = path
        self.role = role
        self.summary = summary
        self.handle = handle
    }
}

/// A request whose sender is known: what a route's handler gets. That it exists is the proof that the role sufficed.
public struct SignedInRequest: Sendable {
    /// Who asks.
    public let principal: Principal
    let request: Request
    let context: WebContext

    /// An id in the path.
    /// - Throws: 404 for what cannot be an id.
    public func id<Value: LosslessStringConvertible>(
        _ name: String = "id", of what: String, as type: Value.Type = Value.self
    ) throws(Problem) -> Value {
        guard let text = context.parameters.get(name), let value = Value(text) else { throw .notFound(what) }
        return value
    }

    /// The body's members.
    /// - Throws: 400 with the fields at fault, 413 when it is too large.
    public func body<Body: JSONBody>(_ type: Body.Type = Body.self) async throws -> Body {
        var request = request
        let buffer = try await request.collectBody(upTo: context.maxUploadSize)
        return try Body.decode(Data(buffer.readableBytesView))
    }

    /// `limit` and `cursor`.
    /// - Throws: 400 when they are wrong.
    public func page() throws(Problem) -> PageRequest {
        try PageRequest(limit: query("limit"), cursor: query("cursor"))
    }

    /// A parameter of the query; an empty one counts as absent.
    public func query(_ name: String) -> String? {
        guard let value = request.uri.queryParameters[Substring(name)], !value.isEmpty else { return nil }
        return String(value)
    }

    /// A parameter of the query as a value.
    /// - Throws: 400 that names the parameter and what it may be.
    public func query<Value: Sendable>(
        _ name: String, _ expected: String, _ parse: (String) -> Value?
    ) throws(Problem) -> Value? {
        guard let text = query(name) else { return nil }
        guard let value = parse(text) else {
            throw .badRequest(
                "\(name) must be \(expected).",
                errors: [.init(field: name, code: "wrong_value", message: "must be \(expected)")])
        }
        return value
    }
}

/// Checks who asks and whether the role suffices, then hands over to the route. The one place where this happens.
public struct Gate: Sendable {
    private let keys: APIKeys

    /// - Parameter keys: knows the API keys.
    public init(keys: APIKeys) {
        self.keys = keys
    }

    /// Puts a table of routes into the router, and for each path answers to all other methods that they are not allowed.
    public func install(_ routes: [Route], under prefix: String, in router: Router<WebContext>) {
        for (path, group) in Dictionary(grouping: routes, by: \.path) {
            let address = RouterPath(prefix + path)
            for route in group {
                router.on(address, method: route.method) { request, context in
                    try await self.admit(request, context, to: route)
                }
            }
            let there = group.map(\.method)
            for method in [HTTPRequest.Method.get, .post, .put, .patch, .delete] where !there.contains(method) {
                router.on(address, method: method) { _, _ -> Response in
                    throw Problem(
                        .methodNotAllowed, code: "method_not_allowed", title: "Not possible here",
                        detail: "\(method.rawValue) is not possible here.", allowed: there)
                }
            }
        }
    }

    private func admit(_ request: Request, _ context: WebContext, to route: Route) async throws -> Response {
        guard let header = request.headers[.authorization], header.hasPrefix("Bearer ") else {
            throw Self.unauthorized("Send an API key in the header «Authorization: Bearer pb_…».")
        }
        guard let principal = try await keys.principal(for: String(header.dropFirst("Bearer ".count))) else {
            throw Self.unauthorized("This API key is not valid; it may have been revoked or have ended.")
        }
        guard principal.role >= route.role else {
            throw Problem(
                .forbidden, code: "forbidden", title: "Your role does not allow this",
                detail: "This needs the role \(route.role.rawValue) or more; yours is \(principal.role.rawValue).")
        }
        return try await route.handle(SignedInRequest(principal: principal, request: request, context: context))
    }

    private static func unauthorized(_ detail: String) -> Problem {
        Problem(.unauthorized, code: "unauthorized", title: "Sign in first", detail: detail)
    }
}

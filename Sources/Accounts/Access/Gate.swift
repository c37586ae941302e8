import API
import BoundaryText
import Database
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import WebSupport

extension HTTPField.Name {
    static let csrfToken = HTTPField.Name("x-csrf-token") ?? .cookie
    static let idempotencyKey = HTTPField.Name("idempotency-key") ?? .cookie
    static let organization = HTTPField.Name("x-patchbay-organization") ?? .cookie
}

/// Authenticates and authorizes each request, then passes it to its route. All requests go through here: programs with
/// an API key, browsers, and the console's own calls.
public struct Gate: Sendable {
    private let database: Database
    private let keys: APIKeyStore
    private let signIns: SignIns
    private let cookie: SignInCookie
    private let idempotency: Idempotency
    private let now: @Sendable () -> Date

    /// - Parameter now: The wall clock.
    public init(
        database: Database, keys: APIKeyStore, signIns: SignIns, cookie: SignInCookie,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.database = database
        self.keys = keys
        self.signIns = signIns
        self.cookie = cookie
        self.now = now
        idempotency = Idempotency(database: database, now: now)
    }

    private static let methods: [HTTPRequest.Method] =
        [.get, .head, .post, .put, .patch, .delete, .options, .trace] + [HTTPRequest.Method("QUERY")].compactMap(\.self)

    /// Registers the routes, and answers all other methods on their paths with 405.
    public func install(_ routes: [Route], under prefix: String, in router: Router<WebContext>) {
        let places = routes.flatMap { route in
            route.places.map { (path: $0.path, method: $0.method, route: route) }
        }
        for (path, group) in Dictionary(grouping: places, by: \.path) {
            let address = RouterPath(prefix + path)
            for place in group {
                router.on(address, method: place.method) { request, context in
                    try await self.admit(request, context, to: place.route)
                }
            }
            let there = group.map(\.method)
            for method in Self.methods where !there.contains(method) && !(method == .head && there.contains(.get)) {
                router.on(address, method: method) { _, _ -> Response in
                    throw Problem(
                        .methodNotAllowed, code: "method_not_allowed", title: "Not possible here",
                        detail: "\(method.rawValue) is not possible here.", allowed: there)
                }
            }
        }
    }

    private func admit(_ request: Request, _ context: WebContext, to route: Route) async throws -> Response {
        let principal = try await principal(of: request, context)
        let unknown = route.unknownParameters(in: request.uri.fields)
        guard unknown.isEmpty else {
            throw Problem.badRequest(
                code: "unknown_parameter",
                "Remove the unknown parameters: \(unknown.joined(separator: ", ")).",
                errors: unknown.map { .init(field: $0, code: "unknown_parameter", message: "is not a known parameter") }
            )
        }
        var parameters: [String: String] = [:]
        for (name, value) in context.parameters { parameters[String(name)] = String(value) }
        let signedIn = SignedInRequest(
            principal: principal, address: context.address, parameters: parameters, queryItems: request.uri.fields,
            readBody: {
                var request = request
                let body = Data(try await request.collectBody(upTo: context.maxUploadSize).readableBytesView)
                guard body.isEmpty || APIJSON.isNamed(by: request.headers[.contentType]) else {
                    throw Problem.notJSON
                }
                return body
            })
        return try await perform(
            route, signedIn, path: request.uri.path, once: request.headers[.idempotencyKey])
    }

    private func principal(of request: Request, _ context: WebContext) async throws -> Principal {
        if let token = request.headers[.authorization]?.dropping(prefix: "Bearer ") {
            guard let principal = try await keys.principal(for: String(token)) else {
                throw Self.unauthorized("This API key is not valid. It may have been deleted or have expired.")
            }
            return try await crossing(principal, request.headers[.organization])
        }
        guard let token = cookie.token(in: request) else {
            throw Self.unauthorized("Send an API key in the header “Authorization: Bearer pb_…”.")
        }
        guard let live = try await signIns.find(token), live.duty != .enterCode else {
            throw Self.unauthorized("You are signed out. Sign in again.")
        }
        guard request.method == .get || CSRFToken.verify(request.headers[.csrfToken], for: token) else {
            throw Problem(
                .forbidden, code: "csrf", title: "The CSRF token is missing or wrong",
                detail: "Send the CSRF token of the console's page in the header X-CSRF-Token, or use an API key.")
        }
        switch live.duty {
        case nil, .enterCode: return live.principal
        case .changePassword:
            throw Problem(
                .forbidden, code: "password_change_required", title: "Choose a password first",
                detail: "Sign in to the console and choose your own password.")
        case .setUpSecondFactor:
            throw Problem(
                .forbidden, code: "second_factor_required", title: "Set up a second factor first",
                detail: "Your organization requires a second factor. Sign in to the console and set it up.")
        }
    }

    /// Switches a super admin to the organization in the request's header.
    private func crossing(_ principal: Principal, _ header: String?) async throws -> Principal {
        guard let header, principal.role == .superAdmin else { return principal }
        guard let id = Organization.ID(header),
            try await database.read({ try Organization.name(of: id, in: $0) }) != nil
        else { throw Problem.notFound("organization") }
        return Principal(
            user: principal.user, organization: id, email: principal.email, role: principal.role, home: principal.home,
            name: principal.name, means: principal.means, tenants: principal.tenants)
    }

    /// Checks role, scope and feature, then performs the request, at most once per idempotency key.
    func perform(_ route: Route, _ request: SignedInRequest, path: String, once: String?) async throws -> Response {
        let principal = request.principal
        if let refusal = Self.refusal(of: route, to: principal) {
            try await record(refusal, of: route, path, request)
            throw refusal
        }
        try route.checkLengths(of: request)
        var request = request
        request.idempotencyKey = once
        request.tenant = try await tenant(of: request)
        if let knows = route.handlesIdempotency {
            request = try await request.kept()
            // A request that was already processed is only answered again.
            return try await knows(request) ? route.handle(request) : allowed(route, request)
        }
        guard let once, route.method == .post else { return try await allowed(route, request) }
        return try await doneOnce(route, request, once)
    }

    /// Performs the request unless its feature is disabled or its rate limit is exceeded. Skipped for requests that
    /// were already processed.
    private func allowed(_ route: Route, _ request: SignedInRequest) async throws -> Response {
        if let flag = route.flag {
            let organization = request.principal.organization
            guard try await database.read({ try FeatureFlagStore.isOn(flag, for: organization, in: $0) }) else {
                throw Problem(
                    .conflict, code: "feature_disabled", title: "This feature is disabled",
                    detail: "An administrator can enable \(flag.rawValue) under Feature flags. Nothing was deleted.")
            }
        }
        let rateLimit = try await route.limited(request) ? count(request, by: route.limit) ?? [:] : [:]
        do {
            var response = try await route.handle(request)
            response.headers.append(contentsOf: rateLimit)
            return response
        } catch var problem as Problem {
            // Failed requests count toward the limit too.
            problem.headers.append(contentsOf: rateLimit)
            throw problem
        }
    }

    /// The tenant in the path, if the caller may access it.
    private func tenant(of request: SignedInRequest) async throws -> Tenant? {
        guard let text = request.parameters["tenant"] else { return nil }
        let (principal, id) = (request.principal, Tenant.ID(text))
        guard let id, principal.tenants?.contains(where: { $0.id == id }) ?? true,
            let tenant = try await database.read({ try Tenant.find(id, of: principal.organization, in: $0) })
        else { throw Problem.notFound("tenant") }
        return tenant
    }

    private func count(_ request: SignedInRequest, by limit: RateLimit?) async throws -> HTTPFields? {
        guard let limit else { return nil }
        let instant = now()
        let standing = try await database.write { db in
            try limit.take(for: request.principal.organization, now: instant, in: db)
        }
        guard standing.wait == 0 else { throw limit.refusal(standing) }
        return limit.fields(standing)
    }

    private func doneOnce(
        _ route: Route, _ request: SignedInRequest, _ once: String
    ) async throws -> Response {
        var repeatable = try await request.kept()
        let body = try await repeatable.bytes()
        let hold: Idempotency.Hold
        // The main path, so that a request through an alias matches.
        let path = "/api/v1" + route.path(with: request.parameters)
        switch try await idempotency.begin(once, for: request.principal, route, path, body) {
        case .answered(let answer): return try answer.response()
        case .fresh(let fresh): hold = fresh
        }
        repeatable.hold = hold
        let (response, bytes): (Response, [UInt8])
        do {
            response = try await allowed(route, repeatable)
            bytes = try await response.bytes()
        } catch {
            // A failed request can be retried, immediately or after it is corrected. If this fails too, the key is free
            // once its lease expires.
            try? await idempotency.abandon(hold, because: error)
            throw error
        }
        // The request succeeded, so return its response even if it cannot be stored for a repeated request.
        try? await idempotency.finish(hold, (response, bytes))
        return Response(
            status: response.status, headers: response.headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// Why the principal may not use the route at all, regardless of the request's details; nil if allowed.
    static func refusal(of route: Route, to principal: Principal) -> Problem? {
        if principal.role < route.role {
            return Problem(
                .forbidden, code: "forbidden", title: "Your role does not allow this",
                detail: "This requires the role \(route.role.rawValue) or higher; yours is \(principal.role.rawValue).")
        }
        if principal.tenants != nil, route.reach == .organization {
            return Problem(
                .forbidden, code: "limited_to_tenants", title: "You are limited to some customers",
                detail: "This applies to the whole organization, but your access is limited to some customers.")
        }
        if let scopes = principal.scopes, !scopes.allows(route) {
            let needed = Grant.scope(route.scope, readsOnly: route.method == .get && route.scope.hasReading)
            return Problem(
                .forbidden, code: "out_of_scope", title: "This API key's scopes do not allow this",
                detail:
                    "This needs the scope \(needed.rawValue); the key has \(scopes). Use another key, or create one with this scope."
            )
        }
        return nil
    }

    private func record(_ refusal: Problem, of route: Route, _ path: String, _ request: SignedInRequest) async throws {
        let instant = now()
        try await database.write { db in
            try AuditLog.record(
                "access.refused", on: "\(route.method.rawValue) \(path)", by: request.actor,
                of: request.principal.home, result: .refused, now: instant, in: db)
        }
    }

    private static func unauthorized(_ detail: String) -> Problem {
        Problem(.unauthorized, code: "unauthorized", title: "Sign in first", detail: detail)
    }

    /// Deletes expired idempotency keys and counted calls, and closes finished refusal counts.
    public func forget() async throws {
        let instant = now()
        try await database.write { db in
            try Idempotency.forget(now: instant, in: db)
            try RateLimit.forget(now: instant, in: db)
            try RefusalCount.close(now: instant, in: db)
        }
    }
}

extension Response {
    /// The whole body. Only for responses that are in memory anyway.
    public func bytes() async throws -> [UInt8] {
        let writer = CollectingWriter()
        try await body.write(writer)
        return writer.bytes
    }
}

private final class CollectingWriter: ResponseBodyWriter {
    var bytes: [UInt8] = []

    func write(_ buffer: ByteBuffer) async throws { bytes += buffer.readableBytesView }
    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

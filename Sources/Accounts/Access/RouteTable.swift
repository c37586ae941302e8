import API
import BoundaryText
import Foundation
import HTTPTypes
import Hummingbird
import WebSupport

/// All routes of the API, for calls from within this process by the console. The console can do nothing that a program
/// with an API key cannot, and its calls are checked and audited the same way.
public struct RouteTable: Sendable {
    /// The routes, in the order that the features list them.
    public let routes: [Route]
    private let gate: Gate
    private let byShape: [String: [(segments: [Substring], route: Route)]]

    /// - Parameter gate: Checks each call.
    public init(_ routes: [Route], gate: Gate) {
        self.routes = routes
        self.gate = gate
        byShape = Dictionary(
            grouping: routes.flatMap { route in
                route.places.map { place in
                    (method: place.method, segments: place.path.splitBytes(on: "/"), route: route)
                }
            },
            by: { Self.shape($0.method, $0.segments.count) }
        ).mapValues { group in
            // A literal segment takes precedence over a parameter: /users/keys is not a user with the ID "keys".
            group.map { (segments: $0.segments, route: $0.route) }.sorted { left, right in
                left.segments.count { $0.utf8.hasPrefix("{") } < right.segments.count { $0.utf8.hasPrefix("{") }
            }
        }
    }

    private static func shape(_ method: HTTPRequest.Method, _ count: Int) -> String { "\(method.rawValue) \(count)" }

    private func find(_ method: HTTPRequest.Method, _ path: String) -> (Route, [String: String])? {
        let parts = path.splitBytes(on: "/")
        for (segments, route) in byShape[Self.shape(method, parts.count)] ?? [] {
            var parameters: [String: String] = [:]
            let fits = zip(segments, parts).allSatisfy { segment, part in
                guard let name = segment.placeholder else { return segment == part }
                parameters[name] =
                    String(part).removingPercentEncoding ?? String(part)
                return true
            }
            if fits { return (route, parameters) }
        }
        return nil
    }

    /// Whether the principal may use an operation, so that pages only offer what will succeed.
    public func allows(_ method: HTTPRequest.Method, _ path: String, to principal: Principal) -> Bool {
        guard let (route, _) = find(method, path) else { return false }
        return Gate.refusal(of: route, to: principal) == nil
    }

    /// Whether the principal may use an operation, so that pages only offer what will succeed.
    public func allows<Place, Query, Body, Answer>(
        _ operation: API.Operation<Place, Query, Body, Answer>, to principal: Principal
    ) -> Bool {
        allows(operation.method, operation.path, to: principal)
    }

    /// Calls an operation as the principal.
    /// - Parameters:
    ///   - path: The path below `/api/v1`, without a query.
    ///   - once: The idempotency key.
    /// - Throws: The ``Problem`` that the API would respond with.
    public func call(
        _ method: HTTPRequest.Method, _ path: String, query: [String: String] = [:], body: Data? = nil,
        as principal: Principal, at address: String?, once: String? = nil
    ) async throws -> Response {
        guard let (route, parameters) = find(method, path) else { throw Problem.notFound("address: \(path)") }
        let request = SignedInRequest(
            principal: principal, address: address, parameters: parameters, queryItems: query,
            readBody: { body ?? Data() })
        return try await gate.perform(route, request, path: "/api/v1" + path, once: once)
    }
}

extension StringProtocol {
    /// The parameter name in a segment such as `{id}`; nil for a literal segment.
    var placeholder: String? { dropping(prefix: "{")?.dropping(suffix: "}").map { String($0) } }
}

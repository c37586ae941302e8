import API
import BoundaryText
import Database
import Foundation
import HTTPTypes
import Hummingbird
import WebSupport

/// A request for an operation, typed by the operation.
@dynamicMemberLookup
public struct OperationRequest<Place: PathPlace, Query: QueryName, Body: Sendable>: Sendable {
    /// The authorized request.
    public let signedIn: SignedInRequest
    /// The path parameters.
    public let place: Place

    /// Forwards to the members that every request has.
    public subscript<Value>(dynamicMember member: KeyPath<SignedInRequest, Value>) -> Value {
        signedIn[keyPath: member]
    }

    /// A query parameter as text; an empty one counts as missing.
    public func query(_ name: Query) -> String? { signedIn.query(name.rawValue) }

    /// A query parameter as a value.
    /// - Throws: 400 with the parameter and its allowed values.
    public func query<Value: Sendable>(
        _ name: Query, _ expected: String, _ parse: (String) -> Value?
    ) throws(Problem) -> Value? {
        try signedIn.query(name.rawValue, expected, parse)
    }

    /// A query parameter as a timestamp.
    public func instant(_ name: Query) throws(Problem) -> Date? { try signedIn.instant(name.rawValue) }

    /// The `limit` and `cursor` parameters.
    /// - Parameter isKey: Whether a text can be a sort key of the list; most lists are sorted by a number.
    public func page(_ isKey: (String) -> Bool = { Int64($0) != nil }) throws(Problem) -> PageRequest {
        try signedIn.page(isKey)
    }

    /// The same request with other path parameters.
    package func at<Part: PathPlace>(_ part: Part) -> OperationRequest<Part, Query, Body> {
        OperationRequest<Part, Query, Body>(signedIn: signedIn, place: part)
    }

    /// Adds an audit entry for the request, in the transaction that performs it.
    public func record(
        _ action: String, on target: String, before: (any Encodable)? = nil, after: (any Encodable)? = nil,
        result: AuditEntry.Result = .done, now: Date, in db: Connection
    ) throws {
        try signedIn.record(
            action, on: target, before: before, after: after, result: result, now: now, in: db)
    }
}

extension OperationRequest where Body: JSONBody {
    /// Decodes the body.
    /// - Throws: 400 with the invalid fields, 413 if the body is too large.
    public func body() async throws -> Body { try await signedIn.body(Body.self) }
}

extension Route {
    /// Creates the route of an operation.
    /// - Parameters:
    ///   - thing: What the path identifies, for the 404 response.
    ///   - flag: The feature that must be enabled.
    ///   - handle: Performs the operation.
    public init<Place, Query, Body, Answer: Codable>(
        _ operation: API.Operation<Place, Query, Body, Answer>, of thing: String = "address", flag: FeatureFlag? = nil,
        reach: Reach = .organization, limit: RateLimit? = nil,
        handle: @escaping @Sendable (OperationRequest<Place, Query, Body>) async throws -> Answer
    ) {
        let success = operation.success
        self.init(operation, of: thing, flag: flag, reach: reach, limit: limit) { request in
            let answer = try await handle(request)
            switch success {
            case .ok, .okOrAccepted, .file: return .json(answer)
            case .accepted: return .json(answer, status: .accepted)
            case .created:
                var response = Response.json(answer, status: .created)
                if let id = (answer as? any Identifiable)?.text {
                    response.headers[.location] = "/api/v1\(operation.path)/\(id)"
                }
                return response
            case .noContent: return Response(status: .noContent)
            }
        }
    }

    /// Creates the route of an operation that returns nothing.
    public init<Place, Query, Body>(
        _ operation: API.Operation<Place, Query, Body, Nothing>, of thing: String = "address", flag: FeatureFlag? = nil,
        reach: Reach = .organization, limit: RateLimit? = nil,
        handle: @escaping @Sendable (OperationRequest<Place, Query, Body>) async throws -> Void
    ) {
        self.init(operation, of: thing, flag: flag, reach: reach, limit: limit) { request in
            try await handle(request)
            return Response(status: .noContent)
        }
    }

    /// Creates the route of an operation whose response status or headers depend on the outcome.
    /// - Parameters:
    ///   - limited: Which requests count toward the limit.
    ///   - handlesIdempotency: Set if the handler itself ensures that requests with the same `Idempotency-Key` are
    ///     processed once. Returns whether the request was already processed.
    ///   - respond: Performs the operation.
    public init<Place, Query, Body, Answer>(
        _ operation: API.Operation<Place, Query, Body, Answer>, of thing: String = "address", flag: FeatureFlag? = nil,
        reach: Reach = .organization, limit: RateLimit? = nil,
        limited: @escaping @Sendable (OperationRequest<Place, Query, Body>) -> Bool = { _ in true },
        handlesIdempotency: (@Sendable (OperationRequest<Place, Query, Body>) async throws -> Bool)? = nil,
        respond: @escaping @Sendable (OperationRequest<Place, Query, Body>) async throws -> Response
    ) {
        let names = operation.path.splitBytes(on: "/").compactMap(\.placeholder)
        @Sendable func typed(_ request: SignedInRequest) throws -> OperationRequest<Place, Query, Body> {
            guard let place = Place(segments: names.compactMap { request.parameters[$0] }) else {
                throw Problem.notFound(thing)
            }
            return OperationRequest(signedIn: request, place: place)
        }
        var known: (@Sendable (SignedInRequest) async throws -> Bool)?
        if let handlesIdempotency { known = { try await handlesIdempotency(typed($0)) } }
        self.init(
            id: operation.id, operation.method, operation.path, also: operation.aliases, operation.role,
            operation.scope, operation.summary,
            query: Query.allCases.map { QueryParameter($0.rawValue, $0.parameter) },
            takes: Body.self as? any JSONBody.Type, gives: Self.answer(operation), flag: flag, reach: reach,
            limit: limit,
            // A path with invalid parameters is refused before it counts toward the limit.
            limited: { request in (try? typed(request)).map(limited) ?? false }, handlesIdempotency: known,
            handle: { try await respond(typed($0)) })
    }

    private static func answer<Place, Query, Body, Answer>(
        _ operation: API.Operation<Place, Query, Body, Answer>
    ) -> RouteAnswer {
        // Other answer types have no schema.
        guard let answer = Answer.self as? any (Decodable & Sendable).Type else {
            if case .file(let types) = operation.success { return .file(types) }
            return .nothing
        }
        return switch operation.success {
        case .created: .made(answer)
        case .accepted: .accepted(answer)
        case .okOrAccepted: .doneOrAccepted(answer)
        case .noContent: .nothing
        case .file(let types): .file(types)
        case .ok:
            if let page = answer as? any AnyPage.Type, let item = page.item as? any (Decodable & Sendable).Type {
                .page(item)
            } else if let few = answer as? any AnyFew.Type {
                .list(few.item)
            } else {
                .one(answer)
            }
        }
    }
}

extension Identifiable {
    fileprivate var text: String { "\(id)" }
}

extension QueryParameter {
    fileprivate init(_ name: String, _ parameter: Parameter) {
        let kind: Kind =
            switch parameter.kind {
            case .text: .text
            case .integer: .integer
            case .flag: .flag
            case .instant: .instant
            case .oneOf(let values): .oneOf(values)
            }
        self.init(name, kind, parameter.summary, longest: parameter.longest)
    }
}

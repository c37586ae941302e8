import API
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// A request whose sender is known: what a route's handler gets. That it exists is the proof that the role sufficed.
public struct SignedInRequest: Sendable {
    /// Who asks.
    public let principal: Principal
    /// From where.
    public let address: String?
    /// The customer in the path; nil where there is none.
    public internal(set) var tenant: Tenant?
    /// The request's `Idempotency-Key`.
    public internal(set) var idempotencyKey: String?
    /// The key of a request that is to be done once.
    var hold: Idempotency.Hold?
    let parameters: [String: String]
    let queryItems: [String: String]
    let readBody: @Sendable () async throws -> Data

    init(
        principal: Principal, address: String?, parameters: [String: String], queryItems: [String: String],
        readBody: @escaping @Sendable () async throws -> Data
    ) {
        self.principal = principal
        self.address = address
        self.parameters = parameters
        self.queryItems = queryItems
        self.readBody = readBody
    }

    /// The same request with its body in memory, which can be read again.
    func kept() async throws -> SignedInRequest {
        let body = try await readBody()
        var kept = SignedInRequest(
            principal: principal, address: address, parameters: parameters, queryItems: queryItems, readBody: { body })
        kept.tenant = tenant
        kept.idempotencyKey = idempotencyKey
        return kept
    }

    /// The body as it came.
    public func bytes() async throws -> Data { try await readBody() }

    /// Who asks, for the audit log.
    public var actor: Actor {
        var actor = principal.actor(at: address)
        actor.hold = hold
        return actor
    }

    /// An id in the path.
    /// - Throws: 404 for what cannot be an id.
    public func id<Value: LosslessStringConvertible>(
        _ name: String = "id", of what: String, as type: Value.Type = Value.self
    ) throws(Problem) -> Value {
        guard let text = parameters[name], let value = Value(text) else { throw .notFound(what) }
        return value
    }

    /// The body's members.
    /// - Throws: 400 with the fields at fault, 413 when it is too large.
    public func body<Body: JSONBody>(_ type: Body.Type = Body.self) async throws -> Body {
        try Body.decode(try await readBody())
    }

    /// `limit` and `cursor`.
    /// - Parameter isKey: what a sort key of the list looks like; most are sorted by a number.
    /// - Throws: 400 when they are wrong.
    public func page(_ isKey: (String) -> Bool = { Int64($0) != nil }) throws(Problem) -> PageRequest {
        try PageRequest(limit: queryItems["limit"], cursor: query("cursor"), isKey: isKey)
    }

    /// A parameter of the query as text; an empty one counts as absent.
    public func query(_ name: String) -> String? {
        guard let value = queryItems[name], !value.isEmpty else { return nil }
        return value
    }

    /// A parameter of the query as a value.
    /// - Throws: 400 that names the parameter and what it may be.
    public func query<Value: Sendable>(
        _ name: String, _ expected: String, _ parse: (String) -> Value?
    ) throws(Problem) -> Value? {
        guard let text = queryItems[name] else { return nil }
        guard let value = parse(text) else {
            throw .badRequest(
                "\(name) must be \(expected).",
                errors: [.init(field: name, code: "wrong_value", message: "must be \(expected)")])
        }
        return value
    }

    /// A point in time in the query.
    public func instant(_ name: String) throws(Problem) -> Date? {
        // An offset's plus sign that was not encoded arrives as a space.
        try query(name, "an RFC 3339 timestamp") { APIJSON.date($0.replacing(bytes: " ", with: "+")) }
    }
}

import API
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// A request that passed the gate; this is what a route's handler receives. Its existence proves that the sender has
/// the required role.
public struct SignedInRequest: Sendable {
    /// The sender.
    public let principal: Principal
    /// The client address.
    public let address: String?
    /// The tenant in the path; nil if there is none.
    public internal(set) var tenant: Tenant?
    /// The request's `Idempotency-Key`.
    public internal(set) var idempotencyKey: String?
    /// The held idempotency key; nil for a request without one.
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

    /// The same request with its body in memory, so that it can be read again.
    func kept() async throws -> SignedInRequest {
        let body = try await readBody()
        var kept = SignedInRequest(
            principal: principal, address: address, parameters: parameters, queryItems: queryItems, readBody: { body })
        kept.tenant = tenant
        kept.idempotencyKey = idempotencyKey
        return kept
    }

    /// The raw body.
    public func bytes() async throws -> Data { try await readBody() }

    /// The sender, for the audit log.
    public var actor: Actor {
        var actor = principal.actor(at: address)
        actor.hold = hold
        return actor
    }

    /// An ID in the path.
    /// - Throws: 404 if the text cannot be an ID.
    public func id<Value: LosslessStringConvertible>(
        _ name: String = "id", of what: String, as type: Value.Type = Value.self
    ) throws(Problem) -> Value {
        guard let text = parameters[name], let value = Value(text) else { throw .notFound(what) }
        return value
    }

    /// Decodes the body.
    /// - Throws: 400 with the invalid fields, 413 if the body is too large.
    public func body<Body: JSONBody>(_ type: Body.Type = Body.self) async throws -> Body {
        try Body.decode(try await readBody())
    }

    /// The `limit` and `cursor` parameters.
    /// - Parameter isKey: Whether a text can be a sort key of the list; most lists are sorted by a number.
    /// - Throws: 400 if they are invalid.
    public func page(_ isKey: (String) -> Bool = { Int64($0) != nil }) throws(Problem) -> PageRequest {
        try PageRequest(limit: queryItems["limit"], cursor: query("cursor"), isKey: isKey)
    }

    /// A query parameter as text; an empty one counts as missing.
    public func query(_ name: String) -> String? {
        guard let value = queryItems[name], !value.isEmpty else { return nil }
        return value
    }

    /// A query parameter as a value.
    /// - Throws: 400 with the parameter and its allowed values.
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

    /// A query parameter as a timestamp.
    public func instant(_ name: String) throws(Problem) -> Date? {
        // A plus sign in a UTC offset that was not percent-encoded arrives as a space.
        try query(name, "an RFC 3339 timestamp") { APIJSON.date($0.replacing(bytes: " ", with: "+")) }
    }
}

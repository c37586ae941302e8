import BoundaryText
import HTTPTypes
import WebSupport

/// The PSA: connections to it, and the lists that people choose from.
public enum PSA {}

/// Something in the PSA, with the name that it had when it was read.
public struct Reference: Codable, Sendable, Hashable {
    public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
        case id, name
    }

    public var id: String
    public var name: String

    public init(id: String, name: String) {
        self.id = id
        self.name = name
    }
}

/// Something below a customer's path: `/tenants/{tenant}/…`.
public struct InTenant<Inner: PathPlace>: PathPlace {
    public static var count: Int { Inner.count + 1 }

    public let tenant: Tenants.ID
    public let inner: Inner

    public init(_ tenant: Tenants.ID, _ inner: Inner) {
        self.tenant = tenant
        self.inner = inner
    }

    public init?(segments: [String]) {
        guard segments.count == Self.count, let tenant = Tenants.ID(segments[0]),
            let inner = Inner(segments: Array(segments.dropFirst()))
        else { return nil }
        self.init(tenant, inner)
    }

    public var segments: [String] { [tenant.description] + inner.segments }
}

/// An operation on the PSA that exists twice: for the whole organization, and for one customer.
public struct PSAOperation<Place: PathPlace, Query: QueryName, Body: Sendable, Answer: Sendable>: Sendable {
    /// For the whole organization.
    public let main: Operation<Place, Query, Body, Answer>
    /// For one customer.
    public let tenant: Operation<InTenant<Place>, Query, Body, Answer>

    /// - Parameter path: below `/integrations/psa`, and below `/tenants/{tenant}/connectwise`.
    init(
        _ id: String, _ method: HTTPRequest.Method, _ path: String, _ role: Role, _ scope: Scope, _ summary: String,
        at place: Place.Type = NoPlace.self, query: Query.Type = NoQuery.self, takes: Body.Type = NoBody.self,
        gives: Answer.Type, success: Success? = nil
    ) {
        main = Operation(
            id, method, "/integrations/psa" + path, role, scope, summary, at: place, query: query, takes: takes,
            gives: gives, success: success)
        tenant = Operation(
            id + "ForTenant", method, "/tenants/{tenant}/connectwise" + path, role, scope, summary + " for a customer",
            at: InTenant<Place>.self, query: query, takes: takes, gives: gives, success: success)
    }
}

extension PSAOperation where Body == NoBody {
    /// - Parameters:
    ///   - customer: nil for the whole organization.
    ///   - limit: of a list with pages: how many at most.
    ///   - cursor: of a list with pages: where the page before ended.
    public func callAsFunction(
        _ place: Place, for customer: Tenants.ID?, _ query: [Query: String] = [:], limit: Int? = nil,
        cursor: String? = nil
    ) -> Call<Answer> {
        guard let customer else { return main(place, query, limit: limit, cursor: cursor) }
        return tenant(InTenant(customer, place), query, limit: limit, cursor: cursor)
    }
}

extension PSAOperation where Body == NoBody, Place == NoPlace {
    /// - Parameters:
    ///   - customer: nil for the whole organization.
    ///   - limit: of a list with pages: how many at most.
    ///   - cursor: of a list with pages: where the page before ended.
    public func callAsFunction(
        for customer: Tenants.ID?, _ query: [Query: String] = [:], limit: Int? = nil, cursor: String? = nil
    ) -> Call<Answer> {
        self(NoPlace(), for: customer, query, limit: limit, cursor: cursor)
    }
}

extension PSAOperation where Body: JSONBody, Body.CodingKeys: Hashable {
    /// - Parameters:
    ///   - customer: nil for the whole organization.
    ///   - body: its members.
    public func callAsFunction(
        _ place: Place, for customer: Tenants.ID?, _ body: [Body.CodingKeys: JSON]
    ) -> Call<Answer> {
        guard let customer else { return main(place, body) }
        return tenant(InTenant(customer, place), body)
    }
}

extension PSAOperation where Body: JSONBody, Body.CodingKeys: Hashable, Place == NoPlace {
    /// - Parameters:
    ///   - customer: nil for the whole organization.
    ///   - body: its members.
    public func callAsFunction(for customer: Tenants.ID?, _ body: [Body.CodingKeys: JSON]) -> Call<Answer> {
        self(NoPlace(), for: customer, body)
    }
}

import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// One call of an operation, ready to be sent.
public struct Call<Answer: Sendable>: Sendable {
    /// GET, POST …
    public let method: HTTPRequest.Method
    /// Below `/api/v1`, percent-encoded.
    public let path: String
    /// The parameters of the query.
    public let query: [String: String]
    /// Nil for a call without a body.
    public let body: JSON?
}

extension Operation {
    private func call(_ place: Place, _ query: [String: String], _ body: JSON?) -> Call<Answer> {
        var segments = place.segments[...]
        let path = path.splitBytes(on: "/", omittingEmpty: false).map { segment in
            segment.utf8.hasPrefix("{") ? segments.popFirst().map(Self.escaped) ?? "" : String(segment)
        }
        return Call(method: method, path: path.joined(separator: "/"), query: query, body: body)
    }

    private static func escaped(_ segment: String) -> String {
        // A dot alone would be another place.
        let escaped = segment.percentEncoded(keeping: "-._~")
        return [".", ".."].contains(escaped) ? escaped.replacing(bytes: ".", with: "%2E") : escaped
    }

    private func items(_ query: [Query: String], _ limit: Int?, _ cursor: String?) -> [String: String] {
        var items = Dictionary(query.map { ($0.key.rawValue, $0.value) }, uniquingKeysWith: { $1 })
        if let limit { items["limit"] = String(limit) }
        if let cursor { items["cursor"] = cursor }
        return items
    }
}

extension Operation where Body == NoBody {
    /// - Parameters:
    ///   - limit: of a list with pages: how many at most.
    ///   - cursor: of a list with pages: where the page before ended.
    public func callAsFunction(
        _ place: Place, _ query: [Query: String] = [:], limit: Int? = nil, cursor: String? = nil
    ) -> Call<Answer> {
        call(place, items(query, limit, cursor), nil)
    }
}

extension Operation where Body == NoBody, Place == NoPlace {
    /// - Parameters:
    ///   - limit: of a list with pages: how many at most.
    ///   - cursor: of a list with pages: where the page before ended.
    public func callAsFunction(
        _ query: [Query: String] = [:], limit: Int? = nil, cursor: String? = nil
    ) -> Call<Answer> {
        call(NoPlace(), items(query, limit, cursor), nil)
    }
}

extension Operation where Body: JSONBody, Body.CodingKeys: Hashable {
    /// - Parameter body: its members. What a person typed goes as it is, so that the API says what is wrong with it.
    public func callAsFunction(_ place: Place, _ body: [Body.CodingKeys: JSON]) -> Call<Answer> {
        let members = Dictionary(body.map { ($0.key.stringValue, $0.value) }, uniquingKeysWith: { $1 })
        return call(place, [:], .object(members))
    }
}

extension Operation where Body: JSONBody, Body.CodingKeys: Hashable, Place == NoPlace {
    /// - Parameter body: its members. What a person typed goes as it is, so that the API says what is wrong with it.
    public func callAsFunction(_ body: [Body.CodingKeys: JSON]) -> Call<Answer> {
        callAsFunction(NoPlace(), body)
    }
}

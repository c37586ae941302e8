import API
import AsyncHTTPClient
import Foundation
import HTTPTypes
import NIOCore
import NIOHTTP1
import TestSupport
import WebSupport

/// An answer as a caller sees it.
package struct Reply: Sendable {
    /// The HTTP status.
    package let status: Int
    /// Keyed by lower-case name.
    package let headers: [String: String]
    /// The bytes that arrived.
    package let body: Data

    /// The body as JSON; null if it is not JSON.
    package var json: JSON { (try? JSON(body)) ?? .null }
    /// The body as text.
    package var text: String { String(decoding: body, as: UTF8.self) }
    /// The fields named in a problem document.
    package var faultyFields: [String] { json["errors"].elements.compactMap { $0["field"].string } }
}

/// Calls a server as an outside program would.
package struct APIClient: Sendable {
    /// The server's base URL, without a trailing slash.
    package let base: String
    /// The API key; nil for none.
    package var key: String?
    /// Everything the server has answered, for checks that no secret leaks.
    package let answers: MutexBox<[String]>

    package init(base: String, key: String?, answers: MutexBox<[String]> = MutexBox([])) {
        self.base = base
        self.key = key
        self.answers = answers
    }

    /// The same server, called with another key.
    package func with(key: String?) -> APIClient {
        APIClient(base: base, key: key, answers: answers)
    }

    // Some tests make a hundred calls at once.
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 128
        configuration.redirectConfiguration = .disallow
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// Sends a request. The path is relative to `/api/v1`, except `/hooks`, `/healthcheck`, and `/readiness`.
    package func callAsFunction(
        _ method: HTTPMethod, _ path: String, _ body: JSON? = nil, headers: [String: String] = [:]
    ) async throws -> Reply {
        let isRoot = ["/hooks", "/healthcheck", "/readiness"].contains { path.hasPrefix($0) }
        let data = try body?.encoded()
        return try await send(method, base + (isRoot ? path : "/api/v1" + path), data, headers)
    }

    /// Calls an operation.
    package func callAsFunction<Answer>(
        _ call: Call<Answer>, headers: [String: String] = [:]
    ) async throws -> Reply {
        let query = call.query.sorted { $0.key < $1.key }.map { URLQueryItem(name: $0.key, value: $0.value) }
        var address = URLComponents()
        address.queryItems = query.isEmpty ? nil : query
        let suffix = (address.percentEncodedQuery.map { "?" + $0 } ?? "").replacingOccurrences(of: "+", with: "%2B")
        return try await self(.init(rawValue: call.method.rawValue), call.path + suffix, call.body, headers: headers)
    }

    /// Calls an operation with whatever place, query and body, as a program does that was written without our types.
    /// - Parameters:
    ///   - place: The first `{name}` of its path, percent-encoded if it has to be.
    ///   - second: The second one.
    ///   - query: The query as it is sent.
    package func callAsFunction<Place, Query, Body, Answer>(
        _ operation: API.Operation<Place, Query, Body, Answer>, at place: (any CustomStringConvertible)? = nil,
        and second: (any CustomStringConvertible)? = nil, query: String = "", _ body: JSON? = nil,
        headers: [String: String] = [:]
    ) async throws -> Reply {
        var places = [place, second].compactMap { $0.map { "\($0)" } }[...]
        let path = operation.path.split(separator: "/").map { segment in
            segment.utf8.first == UInt8(ascii: "{") ? places.popFirst() ?? "" : String(segment)
        }
        let address = "/" + path.joined(separator: "/") + (query.isEmpty ? "" : "?" + query)
        return try await self(.init(rawValue: operation.method.rawValue), address, body, headers: headers)
    }

    /// Calls an operation on the PSA.
    /// - Parameter tenant: Nil for the whole organization.
    package func callAsFunction<Place, Query, Body, Answer>(
        _ operation: PSAOperation<Place, Query, Body, Answer>, in tenant: (any CustomStringConvertible)? = nil,
        at place: (any CustomStringConvertible)? = nil, query: String = "", _ body: JSON? = nil,
        headers: [String: String] = [:]
    ) async throws -> Reply {
        guard let tenant else {
            return try await self(operation.main, at: place, query: query, body, headers: headers)
        }
        return try await self(operation.tenant, at: tenant, and: place, query: query, body, headers: headers)
    }

    /// Sends any bytes.
    package func send(
        _ method: HTTPMethod, _ url: String, _ body: Data?, _ headers: [String: String] = [:],
        within limit: TimeAmount = .seconds(30)
    ) async throws -> Reply {
        var request = HTTPClientRequest(url: url)
        request.method = method
        if let key { request.headers.add(name: "Authorization", value: "Bearer \(key)") }
        if body != nil { request.headers.add(name: "Content-Type", value: "application/json") }
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let response = try await Self.client.execute(request, timeout: limit)
        let data = Data((try await response.body.collect(upTo: 16 << 20)).readableBytesView)
        // Only the answer that creates a key contains it.
        if !["/api-keys", "/users/keys"].contains(where: url.hasSuffix) || method != .POST {
            answers.change { $0.append(String(decoding: data, as: UTF8.self)) }
        }
        var fields: [String: String] = [:]
        for (name, value) in response.headers { fields[name.lowercased()] = value }
        return Reply(status: Int(response.status.code), headers: fields, body: data)
    }
}

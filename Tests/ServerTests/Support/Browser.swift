import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import TestSupport

/// A browser without a window: keeps cookies, does not follow redirects, and finds fields in pages.
package actor Browser {
    private let base: String
    private var cookies: [String: String] = [:]
    /// Headers sent with each request, such as `X-Forwarded-For`.
    package var headers: [String: String]
    /// The last page.
    package private(set) var page = ""

    package init(base: String, headers: [String: String] = [:]) {
        self.base = base
        self.headers = headers
    }

    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// The cookie of a name.
    package func cookie(_ name: String) -> String? { cookies[name] }

    /// Sets a cookie, as an attacker might.
    package func plant(_ name: String, _ value: String) { cookies[name] = value }

    package func get(_ path: String) async throws -> Reply { try await send(.GET, path, nil) }

    /// Sends a form with the CSRF token of the last page, unless another is given.
    package func post(
        _ path: String, _ fields: [String: String] = [:], proof: String? = nil
    ) async throws -> Reply {
        var fields = fields
        if fields["_csrf"] == nil { fields["_csrf"] = proof ?? hidden("_csrf") }
        let body = fields.map { name, value in
            "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
        }.joined(separator: "&")
        return try await send(.POST, path, Data(body.utf8))
    }

    package func send(_ method: HTTPMethod, _ path: String, _ body: Data?) async throws -> Reply {
        var request = HTTPClientRequest(url: base + path)
        request.method = method
        if let body {
            request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if !cookies.isEmpty {
            request.headers.add(name: "Cookie", value: cookies.map { "\($0.key)=\($0.value)" }.joined(separator: "; "))
        }
        let response = try await Self.client.execute(request, timeout: .seconds(30))
        let data = Data((try await response.body.collect(upTo: 16 << 20)).readableBytesView)
        for line in response.headers["set-cookie"] {
            let parts = line.split(separator: ";")
            let pair = (parts.first ?? "").split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { continue }
            let isGone = line.contains("Max-Age=0")
            cookies[String(pair[0])] = isGone ? nil : String(pair[1])
        }
        var fields: [String: String] = [:]
        for (name, value) in response.headers { fields[name.lowercased()] = value }
        // There may be several, one per line.
        fields["set-cookie"] = response.headers["set-cookie"].joined(separator: "\n")
        let reply = Reply(status: Int(response.status.code), headers: fields, body: data)
        if fields["content-type"]?.hasPrefix("text/html") == true { page = reply.text }
        return reply
    }

    /// The value of a hidden field on the last page.
    package func hidden(_ name: String) -> String? {
        guard let start = page.range(of: "name=\"\(name)\" value=\""),
            let end = page.range(of: "\"", range: start.upperBound..<page.endIndex)
        else { return nil }
        return String(page[start.upperBound..<end.lowerBound])
    }

    /// Signs in with a password.
    @discardableResult
    package func signIn(_ email: String, _ password: String, to: String = "") async throws -> Reply {
        _ = try await get("/sign-in")
        return try await post("/sign-in", ["email": email, "password": password, "to": to])
    }
}

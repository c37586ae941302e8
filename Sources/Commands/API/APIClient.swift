import AsyncHTTPClient
import BoundaryText
import Foundation
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import WebSupport

/// Speaks to one Patchbay server with one API key.
struct APIClient: Sendable {
    /// An answer with a success status.
    struct Answer: Equatable, Sendable {
        var status: Int
        /// Nil when the answer has no body.
        var body: JSON?
    }

    let address: ServerAddress
    let key: String?
    private let http: HTTPClient
    private let limit: Duration

    /// Lends a client to the closure. An answer may take `limit`; it is generous because testing a connection makes
    /// the server call another system.
    static func connected<Value>(
        to address: ServerAddress, key: String?, limit: Duration = .seconds(60),
        _ body: (APIClient) async throws -> Value
    ) async throws -> Value {
        var configuration = HTTPClient.Configuration()
        // Following a redirect would turn a POST into a GET, and could take the key to another host.
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .seconds(5)
        // A person waits: a refused connection is reported at once and not tried until the time-out.
        configuration.connectionPool.retryConnectionEstablishment = false
        return try await HTTPClient.withHTTPClient(configuration: configuration) { http in
            try await body(APIClient(address: address, key: key, http: http, limit: limit))
        }
    }

    /// Sends a request. Throws ``Failure`` when nothing answers or the answer is no success; `accepting` names further
    /// statuses that count as success.
    func send(_ call: APIRequest, accepting: Set<Int> = []) async throws -> Answer {
        let (status, location, data) = try await exchange(call)
        let body = data.isEmpty ? nil : try? JSONDecoder().decode(JSON.self, from: data)
        if (200..<300).contains(status) || (accepting.contains(status) && body != nil) {
            guard data.isEmpty || body != nil else {
                throw Failure.notPatchbay("\(address.url(of: call)) did not answer with JSON.")
            }
            return Answer(status: status, body: body)
        }
        if (300..<400).contains(status) {
            throw Failure.notPatchbay("\(address.text) sends callers to \(location ?? "another address").")
        }
        let problem = Problem(status: status, body: body)
        throw Failure.refused(problem, advice: advice(for: problem))
    }

    /// Sends a request that answers with something other than JSON.
    func text(_ call: APIRequest) async throws -> String {
        let (status, _, data) = try await exchange(call)
        guard (200..<300).contains(status) else {
            let problem = Problem(status: status, body: try? JSON(data))
            throw Failure.refused(problem, advice: advice(for: problem))
        }
        var text = String(decoding: data, as: UTF8.self)[...]
        while text.utf8.last == UInt8(ascii: "\n") { text.removeLast() }
        return String(text)
    }

    private func exchange(_ call: APIRequest) async throws -> (status: Int, location: String?, data: Data) {
        var request = HTTPClientRequest(url: address.url(of: call))
        request.method = HTTPMethod(rawValue: call.method.rawValue)
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "User-Agent", value: "patchbay-cli")
        if let name = call.idempotencyKey { request.headers.add(name: "Idempotency-Key", value: name) }
        if let key { request.headers.add(name: "Authorization", value: "Bearer \(key)") }
        if let body = call.body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(body)))
        }
        do {
            let response = try await http.execute(request, timeout: TimeAmount(limit))
            // A page holds at most 200 items; 16 MiB is far more than any of them needs.
            let data = Data(try await response.body.collect(upTo: 16 << 20).readableBytesView)
            return (Int(response.status.code), response.headers.first(name: "Location"), data)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw Failure.unreachable(
                "No answer from \(address.text): \(Self.cause(of: error, limit: limit)).", advice: advice(for: error))
        }
    }

    private func advice(for problem: Problem) -> String? {
        switch (problem.status, problem.code) {
        case (401, _):
            key == nil
                ? "No API key was sent; set PATCHBAY_API_KEY."
                : "The key in PATCHBAY_API_KEY was not accepted; it may be expired or deleted."
        case (403, "out_of_scope"):
            "The scopes of the key in PATCHBAY_API_KEY do not include this. See what the key may do with: "
                + "patchbay authcheck. Create another key with: patchbay api-key create"
        case (403, _):
            "See the role of the key in PATCHBAY_API_KEY with: patchbay authcheck. An administrator can give you a "
                + "larger role."
        default: nil
        }
    }

    private func advice(for error: any Error) -> String {
        let isEncrypted = address.text.utf8.hasPrefix("https:")
        switch error {
        case is NIOSSLError, is BoringSSLError:
            return "It does not speak https, or its certificate is not trusted. Check PATCHBAY_URL: a server without "
                + "https has an address that starts with http://"
        case _ where error is HTTPParserError || (error as? HTTPClientError) == .remoteConnectionClosed:
            return
                "Check that PATCHBAY_URL names the server, and starts with \(isEncrypted ? "http" : "https"):// if it "
                + "\(isEncrypted ? "does not speak" : "speaks") https."
        case let error as NIOConnectionError:
            if let first = error.connectionErrors.first?.error, !(first is IOError) { return advice(for: first) }
        // A slow server that does not speak https looks like this.
        case let error as HTTPClientError where error == .connectTimeout && isEncrypted:
            return "Check that the server runs (patchbay serve), that PATCHBAY_URL names it, and that it speaks https: "
                + "a server without https has an address that starts with http://"
        default: break
        }
        return "Check that the server runs (patchbay serve) and that PATCHBAY_URL names it."
    }

    private static func cause(of error: any Error, limit: Duration) -> String {
        switch error {
        case let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout:
            "it took longer than \(limit.components.seconds) s"
        case let error as HTTPClientError where error == .connectTimeout: "connecting took longer than 5 s"
        case _ where error is HTTPParserError || (error as? HTTPClientError) == .remoteConnectionClosed:
            "it closed the connection"
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { cause(of: $0.error, limit: limit) } ?? "\(error.host) is not known"
        case let error as IOError: String(cString: strerror(error.errnoCode)).lowercased()
        case is NIOSSLError, is BoringSSLError: "no encrypted connection could be made"
        case is HTTPParserError: "what it answered is not HTTP"
        default: "\(error)"
        }
    }
}

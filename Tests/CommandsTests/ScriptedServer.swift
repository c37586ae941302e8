import Hummingbird
import Logging
import NIOCore
import Synchronization
import Testing
import WebSupport

@testable import Commands

/// What the server answers to one expected request.
struct Exchange: Sendable {
    var request: String
    var status: HTTPResponse.Status = .ok
    var headers: HTTPFields = [.contentType: "application/json"]
    var body = ""

    /// `request` is method, path and query as on the wire: `GET /api/v1/boards?limit=50`.
    init(_ request: String, _ status: HTTPResponse.Status = .ok, headers: HTTPFields? = nil, body: String = "") {
        self.request = request
        self.status = status
        self.headers = headers ?? self.headers
        self.body = body
    }
}

/// What the server got.
struct Received: Equatable, Sendable {
    var body: JSON?
    var authorization: String?
}

/// Plays the API: answers the expected requests in their order, and records an issue for anything else.
final class ScriptedServer: Sendable {
    private let script: Mutex<[Exchange]>
    private let log = Mutex<[Received]>([])

    private init(_ script: [Exchange]) { self.script = Mutex(script) }

    /// Serves the script on a port of its own while the closure runs; returns what came in. All of the script must be used.
    static func play(
        _ script: [Exchange], _ body: @Sendable (_ address: String) async throws -> Void
    ) async throws -> [Received] {
        let server = ScriptedServer(script)
        try await serve({ try await server.answer($0) }, body)
        #expect(server.script.withLock { $0.map(\.request) } == [], "requests that never came")
        return server.log.withLock { $0 }
    }

    /// Answers every request with the same JSON while the closure runs.
    static func answerAll(
        with json: String, _ body: @Sendable (_ address: String) async throws -> Void
    ) async throws {
        try await serve(
            { _ in
                Response(
                    status: .ok, headers: [.contentType: "application/json"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: json)))
            }, body)
    }

    private static func serve(
        _ answer: @escaping @Sendable (Request) async throws -> Response,
        _ body: @Sendable (_ address: String) async throws -> Void
    ) async throws {
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            responder: CallbackResponder { (request, _: BasicRequestContext) in try await answer(request) },
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in found.yield(channel.localAddress?.port ?? 0) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup { group in
            group.addTask { try await application.run() }
            let port = try #require(await ports.first { _ in true })
            try await body("http://127.0.0.1:\(port)")
            group.cancelAll()
        }
    }

    private func answer(_ request: Request) async throws -> Response {
        let line = "\(request.method.rawValue) \(request.uri.string)"
        let bytes = try await request.body.collect(upTo: 1 << 20)
        let expected = script.withLock { $0.first?.request == line ? $0.removeFirst() : nil }
        guard let expected else {
            Issue.record("unexpected request: \(line)")
            return Response(status: .notImplemented)
        }
        let text = String(buffer: bytes)
        log.withLock {
            $0.append(
                Received(body: text.isEmpty ? JSON?.none : json(text), authorization: request.headers[.authorization]))
        }
        return Response(
            status: expected.status, headers: expected.headers,
            body: ResponseBody(byteBuffer: ByteBuffer(string: expected.body)))
    }
}

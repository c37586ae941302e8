import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// A server on a loopback port whose answers, and failures, a test scripts.
public final class ScriptedPeer: Sendable {
    /// What the peer does with a request.
    public enum Answer: Sendable {
        case reply(Int, headers: [String: String] = [:], body: String = "")
        /// The request is read, then the connection is closed without a byte.
        case cut
        /// The head announces more than what follows before the connection is closed.
        case half(String)
        case silence
    }

    /// A request as it arrived.
    public struct Request: Sendable {
        public let method: String
        /// Path and query.
        public let uri: String
        public let body: String
        private let headers: HTTPHeaders

        fileprivate init(_ head: HTTPRequestHead, body: String) {
            method = head.method.rawValue
            uri = head.uri
            headers = head.headers
            self.body = body
        }

        public func header(_ name: String) -> String? { headers.first(name: name) }
        public var path: String { String(uri.prefix { $0 != "?" }) }
        /// The query, decoded.
        public var query: String {
            let text = uri.drop { $0 != "?" }.dropFirst()
            return String(text).removingPercentEncoding ?? ""
        }
    }

    private let recorder: Recorder
    public let port: Int

    /// The requests so far, in order of arrival.
    public var requests: [Request] { recorder.requests }

    private init(port: Int, recorder: Recorder) {
        self.port = port
        self.recorder = recorder
    }

    /// Runs a peer for the time of `body`.
    public static func run<Result>(
        tls: NIOSSLContext? = nil, script: @escaping @Sendable (Request) -> Answer,
        _ body: (ScriptedPeer) async throws -> Result
    ) async throws -> Result {
        let recorder = Recorder(script: script)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(PeerHandler(recorder))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let peer = ScriptedPeer(port: channel.localAddress?.port ?? 0, recorder: recorder)
        do {
            let result = try await body(peer)
            try await channel.close()
            return result
        } catch {
            try? await channel.close()
            throw error
        }
    }
}

private final class Recorder: Sendable {
    private let log = Mutex<[ScriptedPeer.Request]>([])
    private let script: @Sendable (ScriptedPeer.Request) -> ScriptedPeer.Answer

    var requests: [ScriptedPeer.Request] { log.withLock { $0 } }

    init(script: @escaping @Sendable (ScriptedPeer.Request) -> ScriptedPeer.Answer) {
        self.script = script
    }

    func answer(_ head: HTTPRequestHead, body: String) -> ScriptedPeer.Answer {
        let request = ScriptedPeer.Request(head, body: body)
        log.withLock { $0.append(request) }
        return script(request)
    }
}

private final class PeerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let recorder: Recorder
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(_ recorder: Recorder) {
        self.recorder = recorder
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var part):
            body.writeBuffer(&part)
        case .end:
            guard let head else { return }
            perform(recorder.answer(head, body: String(buffer: body)), context)
        }
    }

    private func perform(_ answer: ScriptedPeer.Answer, _ context: ChannelHandlerContext) {
        switch answer {
        case .reply(let status, let headers, let text):
            write(status, headers, announcing: text.utf8.count, text, context)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        case .half(let text):
            write(200, [:], announcing: text.utf8.count + 100, text, context)
            context.flush()
            context.close(promise: nil)
        case .cut:
            context.close(promise: nil)
        case .silence:
            break
        }
    }

    private func write(
        _ status: Int, _ headers: [String: String], announcing length: Int, _ text: String,
        _ context: ChannelHandlerContext
    ) {
        var fields = HTTPHeaders(headers.map { ($0.key, $0.value) })
        fields.replaceOrAdd(name: "content-length", value: "\(length)")
        let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: fields)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
    }
}

import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle

/// Where a simulator listens.
public struct Listening: Sendable, Equatable {
    /// Host or address to bind, and the one in URLs.
    public var host: String
    /// Port; 0 picks a free one.
    public var port: Int
    /// Serves TLS with a certificate made at start for localhost, 127.0.0.1, ::1 and `host`.
    public var tls: Bool
    /// Where the PEM of the certificate's authority is written; nil: nowhere. Only with `tls`.
    public var authorityFile: String?

    /// Listens on `host` and `port`, in the clear unless `tls`.
    public init(host: String = "127.0.0.1", port: Int = 0, tls: Bool = false, authorityFile: String? = nil) {
        self.host = host
        self.port = port
        self.tls = tls
        self.authorityFile = authorityFile
    }
}

/// The HTTP side of a played system: listens, counts, limits, lets faults strike, and serves the control API.
package struct Stage<System: Played>: Sendable {
    /// Larger than any body that the product sends.
    private static var largestBody: Int { 4 * 1024 * 1024 }
    /// Ends a hanging call when nobody gives up, so that a test run ends.
    private static var longestHang: Duration { .seconds(600) }

    let system: System
    let control: StageControl
    let listening: Listening
    let address: Watched<String?>
    let logger: Logger
    let now: @Sendable () -> Date

    /// A stage for `system` with what `control` scripts; `address` is told the URL as soon as it listens.
    package init(
        system: System, control: StageControl, listening: Listening, address: Watched<String?>, logger: Logger,
        now: @escaping @Sendable () -> Date
    ) {
        self.system = system
        self.control = control
        self.listening = listening
        self.address = address
        self.logger = logger
        self.now = now
    }

    /// Listens until graceful shutdown or cancellation.
    package func run() async throws {
        var server = HTTPServerBuilder.http1()
        if listening.tls {
            let authority = try SelfSigned(host: listening.host)
            if let file = listening.authorityFile {
                try authority.authorityPEM.write(toFile: file, atomically: true, encoding: .utf8)
            }
            server = try .tls(.http1(), tlsConfiguration: try authority.serverConfiguration())
        }
        var quiet = logger
        // Every connection that a stop cuts would be an error line.
        quiet.logLevel = .critical
        let application = Application(
            responder: CallbackResponder<ChannelContext> { request, context in
                try await respond(to: request, channel: context.channel)
            },
            server: server,
            configuration: .init(address: .hostname(listening.host, port: listening.port), serverName: nil),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? listening.port
                let host = listening.host.contains(":") ? "[\(listening.host)]" : listening.host
                address.change { $0 = "\(listening.tls ? "https" : "http")://\(host):\(port)" }
            },
            logger: quiet)
        try await application.run()
    }

    private func respond(to request: Request, channel: any Channel) async throws -> Response {
        let call = Call(request, body: try await request.body.collect(upTo: Self.largestBody))
        if call.segments.first == "_control" { return answerControl(call).response }
        let (refusal, fault, latency) = admit(call)
        if latency > .zero { try await Task.sleep(for: latency) }
        if let refusal { return refusal.response }
        guard let fault else { return system.answer(call).response }
        return try await strike(fault, call, channel)
    }

    private func admit(_ call: Call) -> (refusal: Answer?, fault: Fault.Action?, latency: Duration) {
        let time = now()
        let second = Int(time.timeIntervalSince1970)
        let seen = SeenCall(method: call.method, path: call.path, query: call.query.raw, time: time)
        let route = system.route(of: call)
        let (wait, fault, latency) = control.inside.change { inside -> (Int?, Fault.Action?, Duration) in
            inside.log.note(seen, route: route, second: second)
            if let wait = inside.limit.take(second: second) {
                inside.log.noteRefusal()
                return (wait, nil, inside.latency)
            }
            return (nil, inside.faults.strike(method: call.method, path: call.path, body: call.body), inside.latency)
        }
        return (wait.map(system.tooManyCalls), fault, latency)
    }

    private func strike(_ fault: Fault.Action, _ call: Call, _ channel: any Channel) async throws -> Response {
        switch fault {
        case .answer(let status, let body, let retryAfter):
            var answer = system.refusal(status: status)
            if let body { answer.body = Array(body.utf8) }
            if let retryAfter { answer.headers[.retryAfter] = String(retryAfter) }
            return answer.response
        case .delay(let duration):
            try await Task.sleep(for: duration)
            return system.answer(call).response
        case .cutBefore:
            return try await cut(channel)
        case .cutAfter:
            _ = system.answer(call)
            return try await cut(channel)
        case .halfAnswer:
            return half(system.answer(call), channel)
        case .number(let index, let token):
            var answer = system.answer(call)
            answer.body = JSONNumbers.exchanging(index, for: token, in: answer.body)
            return answer.response
        case .hang:
            await hang(channel)
            return try await cut(channel)
        case .dropCallback:
            return system.answer(call).response
        }
    }

    private struct Cut: Error {}

    private func cut(_ channel: any Channel) async throws -> Response {
        try? await channel.close()
        throw Cut()
    }

    private func half(_ answer: Answer, _ channel: any Channel) -> Response {
        var headers = answer.headers
        headers[.contentLength] = String(answer.body.count)
        let half = ByteBuffer(bytes: answer.body.prefix(answer.body.count / 2))
        return Response(
            status: .init(code: answer.status), headers: headers,
            body: ResponseBody(contentLength: answer.body.count) { writer in
                try await writer.write(half)
                try? await channel.close()
                throw Cut()
            })
    }

    /// Ends when the peer closes, when the server stops, or after ``longestHang``.
    private func hang(_ channel: any Channel) async {
        await cancelWhenGracefulShutdown {
            let (ends, end) = AsyncStream.makeStream(of: Void.self)
            channel.closeFuture.whenComplete { _ in end.finish() }
            await withTaskGroup(of: Void.self) { group in
                group.addTask { for await _ in ends {} }
                group.addTask { try? await Task.sleep(for: Self.longestHang) }
                await group.next()
                group.cancelAll()
            }
        }
    }

    private func answerControl(_ call: Call) -> Answer {
        do throws(ControlError) {
            if let answer = try control.answer(control: call, path: call.segments.dropFirst().map { $0 }) {
                return Answer(200, answer)
            }
            if call.segments.count == 1 {
                return Answer(200, .object(control.summary.members + system.summary().members))
            }
            if let answer = try system.answer(control: call, path: Array(call.segments.dropFirst())) {
                return Answer(200, answer)
            }
            return Answer(404, ["message": "no such control path"])
        } catch {
            return Answer(400, ["message": .text(error.message)])
        }
    }
}

/// A request context that keeps the connection, so that a fault can cut it.
struct ChannelContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}

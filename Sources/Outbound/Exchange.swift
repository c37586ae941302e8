import AsyncHTTPClient
import BoundaryText
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Collects one answer within its limit and knows how far the request got.
///
/// AsyncHTTPClient's delegate interface is used, not its async one, because only it reports whether the request's head
/// was written, and because it needs no task of its own for each call.
final class Exchange: HTTPClientResponseDelegate {
    typealias Response = OutboundResponse

    private struct Progress {
        var headSent = false
        var head: HTTPResponseHead?
        var body = ByteBuffer()
    }

    private let limit: Int
    private let progress = Mutex(Progress())

    init(limit: Int) {
        self.limit = limit
    }

    func didSendRequestHead(task: HTTPClient.Task<Response>, _ head: HTTPRequestHead) {
        progress.withLock { $0.headSent = true }
    }

    func didReceiveHead(task: HTTPClient.Task<Response>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        progress.withLock { $0.head = head }
        if let announced = head.headers.first(name: "content-length").flatMap({ Int($0) }), announced > limit {
            return task.eventLoop.makeFailedFuture(OutboundError.tooLarge(limit: limit))
        }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Response>, _ part: ByteBuffer) -> EventLoopFuture<Void> {
        let fits = progress.withLock { progress in
            guard progress.body.readableBytes + part.readableBytes <= limit else { return false }
            if progress.body.readableBytes == 0 {
                // Most answers come in one part, which needs no copy.
                progress.body = part
            } else {
                progress.body.writeImmutableBuffer(part)
            }
            return true
        }
        return fits
            ? task.eventLoop.makeSucceededVoidFuture()
            : task.eventLoop.makeFailedFuture(OutboundError.tooLarge(limit: limit))
    }

    func didFinishRequest(task: HTTPClient.Task<Response>) throws -> OutboundResponse {
        let (head, body) = progress.withLock { ($0.head, $0.body) }
        guard let head else { throw OutboundError.connection(reason: "no answer", maybeSent: true) }
        let status = Int(head.status.code)
        if (300..<400).contains(status), let location = head.headers.first(name: "location") {
            throw OutboundError.redirected(status: status, host: URL(string: location)?.host)
        }
        return OutboundResponse(status: status, headers: head.headers, body: Data(body.readableBytesView))
    }

    /// The peer hung up before it answered anything.
    func endedBeforeAnswer(_ error: any Error) -> Bool {
        guard progress.withLock({ $0.head == nil }) else { return false }
        switch error {
        case let error as HTTPClientError: return error == .remoteConnectionClosed
        case let error as IOError: return error.errnoCode == ECONNRESET || error.errnoCode == EPIPE
        case let error as ChannelError: return error == .ioOnClosedChannel
        case NIOSSLError.uncleanShutdown: return true
        default: return false
        }
    }

    /// Our word for what the client reports.
    func translate(_ error: any Error) -> OutboundError {
        let headSent = progress.withLock { $0.headSent }
        switch error {
        case let error as OutboundError:
            return error
        case is CancellationError:
            return .cancelled(maybeSent: true)
        case let error as HTTPClientError:
            return translate(error, headSent: headSent)
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
            guard !headSent else { return .connection(reason: "TLS failed", maybeSent: true) }
            return .tls(reason: Self.reason(ofTLS: error))
        case let error as NIOConnectionError:
            return .connection(reason: Self.reason(of: error), maybeSent: false)
        case let error as IOError:
            return .connection(reason: Self.reason(of: error), maybeSent: headSent)
        case is HTTPParserError:
            return .connection(reason: "the answer is not HTTP", maybeSent: true)
        default:
            return .connection(reason: "\(type(of: error))", maybeSent: headSent)
        }
    }

    private func translate(_ error: HTTPClientError, headSent: Bool) -> OutboundError {
        switch error {
        case .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout:
            return .timeOut(maybeSent: false)
        case .deadlineExceeded, .readTimeout, .writeTimeout:
            // The deadline's timer may overtake the news that the head was written, so "not sent" is never certain here.
            return .timeOut(maybeSent: true)
        case .cancelled:
            return .cancelled(maybeSent: true)
        case .remoteConnectionClosed:
            return .connection(reason: "closed by the peer", maybeSent: headSent)
        default:
            return .connection(reason: error.shortDescription, maybeSent: headSent)
        }
    }

    private static func reason(of error: NIOConnectionError) -> String {
        if let first = error.connectionErrors.first?.error as? IOError { return reason(of: first) }
        let resolved = error.dnsAError == nil || error.dnsAAAAError == nil
        return resolved ? "no connection" : "no such host"
    }

    private static func reason(of error: IOError) -> String {
        switch error.errnoCode {
        case ECONNREFUSED: "refused by the peer"
        case ECONNRESET, EPIPE: "reset by the peer"
        case ENETUNREACH, EHOSTUNREACH: "no route to the host"
        default: "system error \(error.errnoCode)"
        }
    }

    private static func reason(ofTLS error: any Error) -> String {
        let text = String(describing: error)
        if text.utf8.contains("CERTIFICATE_VERIFY_FAILED") { return "the certificate is not trusted" }
        if text.utf8.contains("unableToValidateCertificate") || text.utf8.contains("failedToValidateHostname") {
            return "the certificate is not for this host"
        }
        return "handshake failed"
    }
}

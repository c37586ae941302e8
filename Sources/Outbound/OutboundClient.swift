import AsyncHTTPClient
import BoundaryText
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Calls outside systems, and only those that the allowlist permits.
///
/// The address rule is kept on the address really connected to. AsyncHTTPClient shows each new connection, before any
/// request goes out on it, but without the name it was opened for. Hence two clients with a pool each: `guarded` for
/// hosts covered by a wildcard closes every connection whose remote address is not public; `trusting` for hosts that
/// the allowlist names exactly lets any address pass. Connections are never shared between pools, and the choice of pool depends
/// on the name alone, so DNS cannot move a host from one to the other. What a refused address can see at most is a TLS
/// handshake, and normally not even that, because addresses are also looked up beforehand.
public final class OutboundClient: Sendable {
    /// Settings that hold for all remotes.
    public struct Configuration: Sendable {
        /// For the TCP and TLS handshake, and for waiting while all connections to the host are busy.
        public var connectTimeOut: Duration = .seconds(5)
        /// Connections to one host at the same time.
        public var connectionsPerHost = 64
        /// Unused connections are closed after this time. Shorter than the idle time of the servers we know.
        public var idleTimeOut: Duration = .seconds(30)
        /// Trust; the system's roots unless set. Never below TLS 1.2, which the library would take.
        public var tls: TLSConfiguration = {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.minimumTLSVersion = .tlsv12
            return configuration
        }()
        /// For tests: DNS as seen beforehand, and as seen by the connection.
        var resolve: @Sendable (String) -> [SocketAddress] = AddressLookup.system
        var connectInstead: [String: String] = [:]

        public init() {}
    }

    /// The hosts that may be called.
    public let allowlist: HostAllowlist
    private let guarded: HTTPClient
    private let trusting: HTTPClient
    private let lookup: AddressLookup
    private let logger: Logger

    public init(
        allowlist: HostAllowlist, configuration: Configuration = Configuration(),
        eventLoopGroup: any EventLoopGroup = HTTPClient.defaultEventLoopGroup, logger: Logger
    ) {
        self.allowlist = allowlist
        self.logger = logger
        lookup = AddressLookup(resolve: configuration.resolve)
        var settings = HTTPClient.Configuration(
            tlsConfiguration: configuration.tls, redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(configuration.connectTimeOut)), decompression: .disabled)
        settings.connectionPool.idleTimeout = TimeAmount(configuration.idleTimeOut)
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = configuration.connectionsPerHost
        // Trying again by itself would hide a refused address behind a time-out.
        settings.connectionPool.retryConnectionEstablishment = false
        // What happens to a request when its connection dies is certain only with one request per connection.
        settings.httpVersion = .http1Only
        settings.dnsOverride = configuration.connectInstead
        trusting = HTTPClient(eventLoopGroup: eventLoopGroup, configuration: settings)
        settings.http1_1ConnectionDebugInitializer = Self.refuseNonPublic
        settings.http2ConnectionDebugInitializer = Self.refuseNonPublic
        guarded = HTTPClient(eventLoopGroup: eventLoopGroup, configuration: settings)
    }

    /// Closes all connections. No call may follow.
    public func shutdown() async throws {
        try await guarded.shutdown()
        try await trusting.shutdown()
    }

    /// Checks a URL and the addresses of its host as a call would; sends nothing to it.
    public func check(_ url: String, for purpose: HostAllowlist.Purpose? = nil) async throws(OutboundError) {
        try await check(try permitted(url, purpose))
    }

    /// Sends a request and reads the whole answer. Any status but a redirect is an answer.
    public func send(
        _ request: OutboundRequest, to remote: Remote, priority: CallPriority = .interactive
    ) async throws(OutboundError) -> OutboundResponse {
        let started = ContinuousClock.now
        do {
            let response = try await attempt(request, to: remote, priority)
            let elapsed = ContinuousClock.now - started
            remote.count(CallOutcome(status: response.status))
            remote.record(elapsed)
            logger.debug(
                "Outbound call",
                metadata: metadata(request, remote, [("status", "\(response.status)"), ("elapsed", "\(elapsed)")]))
            return response
        } catch {
            remote.count(CallOutcome(error))
            logger.info("Outbound call failed", metadata: metadata(request, remote, [("reason", "\(error)")]))
            throw error
        }
    }

    private func attempt(
        _ request: OutboundRequest, to remote: Remote, _ priority: CallPriority
    ) async throws(OutboundError) -> OutboundResponse {
        let destination = try permitted(request.url, remote.purpose)
        try remote.checkOpen()
        try await check(destination)
        // Callers count on it that a call is over some time after they asked for it.
        let patience = remote.limits.patience(CallAllowance.current?.priority ?? priority)
        let startBy = remote.now + patience + .seconds(5)
        let first = try await call(
            request, destination, remote, priority, startBy: startBy, deadline: nil,
            mayRepeat: request.mayBeRepeated)
        switch first {
        case .answer(let response):
            return response
        case .repeatBefore(let deadline):
            // A pooled connection that the peer had closed.
            switch try await call(
                request, destination, remote, priority, startBy: startBy, deadline: deadline, mayRepeat: false)
            {
            case .answer(let response): return response
            case .repeatBefore: throw .connection(reason: "closed by the peer", maybeSent: true)
            }
        }
    }

    private enum Attempt {
        case answer(OutboundResponse)
        case repeatBefore(NIODeadline)
    }

    private func call(
        _ request: OutboundRequest, _ destination: Destination, _ remote: Remote, _ priority: CallPriority,
        startBy: ContinuousClock.Instant, deadline: NIODeadline?, mayRepeat: Bool
    ) async throws(OutboundError) -> Attempt {
        try await remote.acquire(priority)
        guard remote.now < startBy else { throw .timeOut(maybeSent: false) }
        let probe = try remote.admit()
        let deadline = deadline ?? .now() + TimeAmount(request.timeOut ?? remote.limits.timeOut)
        let exchange = Exchange(limit: request.maximumAnswerBytes ?? remote.limits.maximumAnswerBytes)
        do {
            let message = try HTTPClient.Request(
                url: destination.address.url, method: HTTPMethod(rawValue: request.method.rawValue),
                headers: HTTPHeaders(request.headers.map { ($0.name, $0.value) }),
                body: request.body.map { .bytes(Array($0)) })
            let client = destination.mayBePrivate ? trusting : guarded
            let task = client.execute(request: message, delegate: exchange, deadline: deadline)
            let response = try await withTaskCancellationHandler {
                try await task.get()
            } onCancel: {
                task.cancel()
            }
            remote.report(CallOutcome(status: response.status).circuit, probe: probe)
            return .answer(response)
        } catch {
            if mayRepeat, exchange.endedBeforeAnswer(error) {
                remote.report(.abandoned, probe: probe)
                return .repeatBefore(deadline)
            }
            let failure = refusalNamed(exchange.translate(error), destination.address.host)
            remote.report(CallOutcome(failure).circuit, probe: probe)
            throw failure
        }
    }

    private func permitted(
        _ text: String, _ purpose: HostAllowlist.Purpose?
    ) throws(OutboundError) -> Destination {
        do throws(HostRefusal) {
            return try allowlist.destination(of: WebAddress(reading: text), for: purpose)
        } catch {
            throw .notAllowed(error)
        }
    }

    private func check(_ destination: Destination) async throws(OutboundError) {
        guard !destination.mayBePrivate else { return }
        try await lookup.check(destination.address.host)
    }

    /// The connection knows only its address; the person wants the host's name.
    private func refusalNamed(_ error: OutboundError, _ host: String) -> OutboundError {
        guard case .refusedAddress(_, let reason) = error else { return error }
        return .refusedAddress(host: host, reason: reason)
    }

    /// Method, host and path; the query and the headers hold secrets and conditions, so they stay out of the log.
    private func metadata(
        _ request: OutboundRequest, _ remote: Remote, _ more: [(String, Logger.MetadataValue)]
    ) -> Logger.Metadata {
        let address = WebAddress(request.url)
        var metadata: Logger.Metadata = [
            "remote": "\(remote.name)", "method": "\(request.method.rawValue)", "host": "\(address?.host ?? "")",
        ]
        if !request.hasSecretPath { metadata["path"] = "\(address?.path ?? "")" }
        for (name, value) in more { metadata[name] = value }
        return metadata
    }

    private static let refuseNonPublic: @Sendable (any Channel) -> EventLoopFuture<Void> = { channel in
        let refusal = channel.remoteAddress.map { NetworkAddress($0).map(\.refusal) ?? "not an IP address" }
        guard let reason = refusal ?? "unknown address" else { return channel.eventLoop.makeSucceededVoidFuture() }
        return channel.close().flatMapError { _ in
            channel.eventLoop.makeSucceededVoidFuture()
        }.flatMapThrowing {
            throw OutboundError.refusedAddress(host: "", reason: reason)
        }
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (nanoseconds, isOver) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isAbove) = nanoseconds.addingReportingOverflow(attoseconds / 1_000_000_000)
        // 292 years, as long as any timer of NIO.
        self = .nanoseconds(isOver || isAbove ? (seconds < 0 ? .min : .max) : sum)
    }
}

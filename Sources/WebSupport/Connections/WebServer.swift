import BoundaryText
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// Serves HTTP/1.1 within limits.
public struct WebServer: Sendable {
    private let limits: ConnectionLimits
    private let proxies: Set<String>
    private let logger: Logger

    /// - Parameters:
    ///   - proxies: Addresses that are not subject to the limit per address, because their connections carry requests
    ///     of many clients. This machine is always one.
    ///   - logger: Receives a warning when connections have to wait.
    public init(limits: ConnectionLimits, proxies: [String], logger: Logger) {
        self.limits = limits
        self.proxies = Set((proxies + ["127.0.0.1", "::1"]).map { VisitorAddress.canonical($0) ?? $0 })
        self.logger = logger
    }

    /// Creates a service that serves the router.
    /// - Parameter onListening: Called with the port once requests are served.
    public func application(
        _ router: Router<WebContext>, host: String, port: Int, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void
    ) -> some ApplicationProtocol {
        let connections = Connections(limits: limits, proxies: proxies)
        let server = HTTPServerBuilder { responder in
            GuardedChannel(
                channel: HTTP1Channel(responder: responder, configuration: .init(idleTimeout: limits.idleTime)),
                connections: connections)
        }
        let warnings = self.logger
        return Application(
            router: router, server: server,
            configuration: .init(
                address: .hostname(host, port: port), backlog: 1_024,
                availableConnectionsDelegate: Room(connections: connections)),
            onServerRunning: { channel in
                try? await channel.eventLoop.submit {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause(logger: warnings), position: .first)
                }.get()
                await onListening(channel.localAddress?.port ?? 0)
            },
            logger: logger)
    }
}

/// Hummingbird's channel with our guard directly behind the request decoder, before any other handler.
private struct GuardedChannel: ServerChildChannel {
    let channel: HTTP1Channel
    let connections: Connections

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        self.channel.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(RequestGuard(connections), position: .after(decoder))
            return value
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await channel.handle(value: value, logger: logger)
    }
}

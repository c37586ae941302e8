import BoundaryText
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// Serves `GET /metrics` on an address of its own, so that monitoring needs no way to the product's own port.
public struct MetricsServer: Service {
    /// What Prometheus expects of the text format.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    // A few that monitor, and somebody who looks.
    private static let mostConnections = 32

    private let metrics: PrometheusMetrics
    private let host: String
    private let port: Int
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

    /// Makes the service; nothing listens before ``run()``. With port 0 the system chooses, and `onListening` is told.
    public init(
        metrics: PrometheusMetrics, host: String, port: Int, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.metrics = metrics
        self.host = host
        self.port = port
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until graceful shutdown. Throws when the address cannot be bound.
    public func run() async throws {
        let router = Router()
        router.get("metrics") { [metrics] _, _ in
            Response(
                status: .ok, headers: [.contentType: Self.contentType],
                body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.render())))
        }
        let application = Application(
            router: router,
            server: .http1(configuration: .init(idleTimeout: .seconds(60))),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: .maximum(Self.mostConnections, logger: logger)),
            onServerRunning: { [onListening] channel in await onListening(channel.localAddress?.port ?? 0) },
            logger: logger)
        try await application.run()
    }
}

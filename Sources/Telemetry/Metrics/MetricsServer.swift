import BoundaryText
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// Serves `GET /metrics` on a separate address, so that monitoring needs no access to the product's port.
public struct MetricsServer: Service {
    /// The content type that Prometheus expects for the text format.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    // Enough for a few monitoring systems and an occasional person.
    private static let mostConnections = 32

    private let metrics: PrometheusMetrics
    private let host: String
    private let port: Int
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

    /// Creates the service; it starts listening in ``run()``. With port 0 the system chooses one and passes it to
    /// `onListening`.
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

    /// Serves until graceful shutdown.
    /// - Throws: If the address cannot be bound.
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

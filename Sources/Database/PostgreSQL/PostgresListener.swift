import BoundaryText
import Foundation
import Logging
import NIOPosix
import Synchronization

/// Listens for other servers' signals on a connection of its own and hands them to the hub.
final class PostgresListener: Sendable {
    /// The NOTIFY channel, one for each schema, so that installations in one database do not wake each other; the payload
    /// names the signal. An SQL expression.
    private static let channel = "'patchbay.' || current_schema()"
    /// The statement that raises a signal, given its name.
    static let notification = "SELECT pg_notify(\(channel), $1)"

    private let url: String
    private let hub: SignalHub
    private let logger: Logger
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let stopped = Mutex(false)

    init(url: String, hub: SignalHub, logger: Logger) {
        self.url = url
        self.hub = hub
        self.logger = logger
    }

    func start() {
        thread.start()
        thread.submit { _ in self.listen() }
    }

    func stop() async {
        stopped.withLock { $0 = true }
        try? await thread.shutdownGracefully()
    }

    private var isStopped: Bool { stopped.withLock { $0 } }

    private func listen() {
        while !isStopped {
            do {
                let connection = try PostgresConnection(url: url)
                let name: String? = try connection.all("SELECT \(Self.channel) AS name", []).first?["name"]
                let quoted = (name ?? "patchbay").replacing(bytes: "\"", with: "\"\"")
                try connection.command("LISTEN \"\(quoted)\"")
                // What was raised while nobody listened is made up for by looking once.
                hub.raiseAll()
                while !isStopped {
                    var descriptor = pollfd(fd: connection.socket, events: Int16(POLLIN), revents: 0)
                    // Half a second: how long a stop waits for this thread.
                    guard poll(&descriptor, 1, 500) > 0 else { continue }
                    hub.raise(Set(try connection.takeNotifications().map(Signal.init(rawValue:))))
                }
            } catch {
                logger.warning("lost the connection that listens for signals", metadata: ["error": "\(error)"])
                for _ in 0..<4 where !isStopped { usleep(250_000) }
            }
        }
    }
}

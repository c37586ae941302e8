import BoundaryText
import Foundation
import Logging
import NIOPosix
import Synchronization

/// Listens for other servers' signals on a connection of its own and hands them to the hub. The same connection holds the
/// lock of the program's ``Tenure``, which ends with it, however the program ends.
final class PostgresListener: Sendable {
    /// The NOTIFY channel, one for each schema, so that installations in one database do not wake each other; the payload
    /// names the signal. An SQL expression.
    private static let channel = "'patchbay.' || current_schema()"
    /// The statement that raises a signal, given its name.
    static let notification = "SELECT pg_notify(\(channel), $1)"

    /// One for each schema. Servers share it; who has to be alone holds it alone.
    private static let tenureLock = "hashtextextended('patchbay servers ' || current_schema(), 19)"

    private let url: String
    private let tenure: Tenure
    private let hub: SignalHub
    private let logger: Logger
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let stopped = Mutex(false)

    init(url: String, tenure: Tenure, hub: SignalHub, logger: Logger) {
        self.url = url
        self.tenure = tenure
        self.hub = hub
        self.logger = logger
    }

    /// Connects where something has to be locked before anything else is done; blocks.
    /// - Returns: nil for a guest, who listens when it comes to that.
    /// - Throws: ``DatabaseError/setup(_:)`` when somebody is there who must not be.
    func connected() throws -> PostgresConnection? {
        if case .guest = tenure { return nil }
        let connection = try PostgresConnection(url: url)
        try lock(on: connection)
        return connection
    }

    private func lock(on connection: PostgresConnection) throws {
        let (function, refusal): (String, String)
        switch tenure {
        case .guest: return
        case .server:
            (function, refusal) = (
                "pg_try_advisory_lock_shared",
                "the secret of this installation is being changed; start again afterwards"
            )
        case .alone:
            (function, refusal) = (
                "pg_try_advisory_lock", "a patchbay server uses this database; stop all of them first"
            )
        }
        let locked: Int? = try connection.all("SELECT \(function)(\(Self.tenureLock))::int AS locked", [])
            .first?["locked"]
        guard locked == 1 else { throw DatabaseError.setup(refusal) }
    }

    func start(on first: PostgresConnection?) {
        thread.start()
        thread.submit { _ in self.listen(on: first) }
    }

    func stop() async {
        stopped.withLock { $0 = true }
        try? await thread.shutdownGracefully()
    }

    private var isStopped: Bool { stopped.withLock { $0 } }

    private func listen(on first: PostgresConnection?) {
        var first = first
        while !isStopped {
            do {
                let connection = try first ?? connected() ?? PostgresConnection(url: url)
                // Not kept: once it is lost, it is closed before the next one is opened.
                first = nil
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

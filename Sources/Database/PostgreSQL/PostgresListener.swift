import BoundaryText
import Foundation
import Logging
import NIOPosix
import Synchronization

/// Listens for other servers' signals on its own connection, hands them to the hub, and sends ours. The same
/// connection holds the lock of the program's ``Tenure``, which ends with it, however the program ends.
///
/// It also shows the presence of this process by locks that end with it.
///
/// Hints are not part of the transactions that give them: all that notify take one lock for their commit, one after the
/// other. A receiver that misses one polls soon.
final class PostgresListener: Sendable {
    /// The NOTIFY channel, one for each schema, so that installations in one database do not wake each other; the payload
    /// names the signal. An SQL expression.
    private static let channel = "'patchbay.' || current_schema()"
    /// The statement that raises a signal, given its name.
    static func notification(of signal: Signal) -> SQL {
        "SELECT pg_notify(\(SQL(unchecked: channel)), \(signal.rawValue))"
    }
    /// The least time between announcements; signals raised in between are merged.
    private static let pace: Duration = .milliseconds(10)

    /// One for each schema. Servers share it; who has to be alone holds it alone.
    private static let tenureLock = "hashtextextended('patchbay servers ' || current_schema(), 19)"

    private let url: String
    private let tenure: Tenure
    private let hub: SignalHub
    private let logger: Logger
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let stopped = Mutex(false)
    private let announcements = Mutex<Set<Signal>>([])
    private let names = Mutex<[String]>([])
    /// Wakes the thread out of waiting for others; see pipe(7).
    private let bell: (ear: Int32, rope: Int32)

    init(url: String, tenure: Tenure, hub: SignalHub, logger: Logger) {
        self.url = url
        self.tenure = tenure
        self.hub = hub
        self.logger = logger
        var ends: [Int32] = [-1, -1]
        // Without a bell announcements go out with the next look, twice a second.
        pipe(&ends)
        for end in ends where end >= 0 {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        bell = (ends[0], ends[1])
    }

    deinit {
        for end in [bell.ear, bell.rope] where end >= 0 { close(end) }
    }

    /// Tells all other servers of hints, soon.
    func announce(_ hints: Set<Signal>) {
        guard !hints.isEmpty else { return }
        let isFirst = announcements.withLock { announcements in
            defer { announcements.formUnion(hints) }
            return announcements.isEmpty
        }
        if isFirst { ring() }
    }

    /// See ``Database/appear(as:)``.
    func appear(as name: String) {
        names.withLock { $0.append(name) }
        ring()
    }

    private func ring() { write(bell.rope, "!", 1) }

    private func sendAnnouncements(on connection: PostgresConnection) throws {
        // Taken before they are sent: hints given in the meantime are sent again.
        let hints = announcements.withLock { announcements in
            defer { announcements = [] }
            return announcements
        }
        do {
            for hint in hints { _ = try connection.all(Self.notification(of: hint)) }
        } catch {
            announcements.withLock { $0.formUnion(hints) }
            throw error
        }
    }

    /// Connects where something has to be locked before anything else is done; blocks.
    /// - Returns: nil for a guest, which listens when needed.
    /// - Throws: ``DatabaseError/setup(_:)`` if another process excludes this one.
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
        // Who has just ended may hold it for some milliseconds more.
        for wait: UInt32 in [10_000, 50_000, 200_000, 0] {
            let locked: Int? = try connection.all(
                SQL(unchecked: "SELECT \(function)(\(Self.tenureLock))::int AS locked")
            ).first?["locked"]
            if locked == 1 { return }
            usleep(wait)
        }
        throw DatabaseError.setup(refusal)
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
                let name: String? = try connection.all(SQL(unchecked: "SELECT \(Self.channel) AS name")).first?["name"]
                let quoted = (name ?? "patchbay").replacing(bytes: "\"", with: "\"\"")
                // Nobody has to wait for the disk because of an announcement, which is gone with the server anyway.
                try connection.command("SET synchronous_commit = off; LISTEN \"\(quoted)\"")
                // One look makes up for signals raised while not listening.
                hub.raiseAll()
                var shown = 0
                while !isStopped {
                    for name in names.withLock({ $0.dropFirst(shown) }) {
                        try PostgresPresence.show(name, on: connection)
                        shown += 1
                    }
                    try attend(connection)
                }
                try sendAnnouncements(on: connection)
            } catch {
                logger.warning("lost the connection that listens for signals", metadata: ["error": "\(error)"])
                for _ in 0..<4 where !isStopped { usleep(250_000) }
            }
        }
        // What a short command raised before there was a connection that listens.
        guard !announcements.withLock(\.isEmpty) else { return }
        if let connection = try? PostgresConnection(url: url) { try? sendAnnouncements(on: connection) }
    }

    /// Waits for something to receive or send, for half a second at most, which is how long a stop waits for this thread.
    private func attend(_ connection: PostgresConnection) throws {
        var descriptors = [
            pollfd(fd: connection.socket, events: Int16(POLLIN), revents: 0),
            pollfd(fd: bell.ear, events: Int16(POLLIN), revents: 0),
        ]
        poll(&descriptors, 2, 500)
        var rung = [UInt8](repeating: 0, count: 64)
        while read(bell.ear, &rung, rung.count) == rung.count {}
        if !announcements.withLock(\.isEmpty) {
            try sendAnnouncements(on: connection)
            usleep(UInt32(Self.pace.components.attoseconds / 1_000_000_000_000))
        }
        hub.raise(Set(try connection.takeNotifications().map(Signal.init(rawValue:))))
    }
}

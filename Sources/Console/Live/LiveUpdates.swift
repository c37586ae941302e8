import BoundaryText
import Database
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle
import Synchronization
import WebSupport

/// Tells open pages that something changed, as server-sent events. Pages then fetch what they show again, so an event
/// carries nothing and may be merged with others.
final class LiveUpdates: Sendable {
    // More than a person notices, less than each message of a burst.
    private static let pace: Duration = .milliseconds(700)
    // Proxies cut what is silent for a minute.
    private static let heartbeat: Duration = .seconds(25)
    private static let most = 500

    private struct State {
        var next = 0
        var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
    }

    private let database: Database
    private let state = Mutex(State())

    init(database: Database) {
        self.database = database
    }

    /// Looks, while somebody looks at a page, whether deliveries, syncs or connections have changed.
    func run() async {
        var known: [Int64] = []
        while (try? await Task.sleep(for: Self.pace)) != nil {
            guard !state.withLock({ $0.listeners.isEmpty }) else {
                known = []
                continue
            }
            // While the database cannot be read there is nothing new to show.
            guard let seen = try? await database.read({ try Self.fingerprint(in: $0) }) else { continue }
            if !known.isEmpty, seen != known { tell() }
            known = seen
        }
    }

    /// Numbers that change when what pages show changes; each is found by an index.
    static func fingerprint(in db: Connection) throws -> [Int64] {
        let row = try db.first(
            """
            SELECT (SELECT COALESCE(MAX(id), 0) FROM deliveries) AS deliveries,
                (SELECT COALESCE(MAX(finished_at), 0) FROM job_history) AS jobs,
                (SELECT COALESCE(SUM(done), 0) FROM syncs) AS syncs,
                (SELECT COALESCE(MAX(started_at), 0) FROM syncs) AS runs
            """)
        guard let row else { return [] }
        return [try row["deliveries"], try row["jobs"], try row["syncs"], try row["runs"]]
    }

    private func tell() {
        let listeners = state.withLock { Array($0.listeners.values) }
        for listener in listeners { listener.yield() }
    }

    private func listen() -> AsyncStream<Void>? {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state -> Int? in
            guard state.listeners.count < Self.most else { return nil }
            state.next += 1
            state.listeners[state.next] = continuation
            return state.next
        }
        guard let id else { return nil }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.listeners.removeValue(forKey: id) }
        }
        return stream
    }

    /// A stream of `change` events, until the browser goes or the server stops.
    func response() -> Response {
        guard let changes = listen() else { return Response(status: .serviceUnavailable, headers: [.retryAfter: "30"]) }
        let body = ResponseBody { writer in
            try await writer.write(ByteBuffer(string: ": welcome\n\n"))
            let (events, event) = AsyncStream<String>.makeStream(bufferingPolicy: .bufferingNewest(1))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for await _ in changes { event.yield("event: change\ndata: .\n\n") } }
                group.addTask {
                    while (try? await Task.sleep(for: Self.heartbeat)) != nil { event.yield(": alive\n\n") }
                }
                defer { group.cancelAll() }
                // A browser that has gone shows when it is written to, at the next heartbeat at the latest.
                for await text in events.cancelOnGracefulShutdown() {
                    try await writer.write(ByteBuffer(string: text))
                }
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store"], body: body)
    }
}

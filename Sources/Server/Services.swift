import Accounts
import BoundaryText
import Database
import Foundation
import Jobs
import Logging
import Notifications
import Outbound
import ServiceLifecycle
import Synchronization

/// Ends the outgoing connections when everything that uses them has stopped.
struct OutboundService: Service {
    let client: OutboundClient

    func run() async throws {
        try? await gracefulShutdown()
        try await client.shutdown()
    }
}

/// Closes the database when everything that uses it has stopped.
struct DatabaseService: Service {
    let database: Database
    let users: DatabaseUsers

    func run() async throws {
        try? await gracefulShutdown()
        // Where a stop took too long everything is cancelled at once, the database's users too: they still come first.
        await users.gone()
        await database.close()
    }
}

/// The services that use the database and have not ended.
final class DatabaseUsers: Sendable {
    private struct State {
        var count = 0
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func begin() {
        state.withLock { $0.count += 1 }
    }

    func end() {
        let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.count -= 1
            return state.count == 0 ? state.waiting.take() : nil
        }
        waiting?.resume()
    }

    /// Waits until the last has ended, cancelled or not.
    func gone() async {
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if state.count > 0 { state.waiting = continuation }
                return state.count == 0
            }
            if isEmpty { continuation.resume() }
        }
    }
}

/// A service that is counted while it runs.
struct DatabaseUser: Service, CustomStringConvertible {
    let service: any Service
    let users: DatabaseUsers

    var description: String { "\(service)" }

    func run() async throws {
        users.begin()
        defer { users.end() }
        try await service.run()
    }
}

/// A feature's work that goes on until the server stops.
struct Upkeep: Service, CustomStringConvertible {
    let description: String
    private let work: @Sendable () async -> Void

    init(_ upkeep: Feature.Upkeep) { self.init(upkeep.name, upkeep.run) }

    init(_ name: String, _ work: @escaping @Sendable () async -> Void) {
        description = name
        self.work = work
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { await work() }
    }
}

/// Forgets what is too old, and writes down what requests had no time for.
struct Housekeeping: Service {
    private static let interval: Duration = .seconds(60)

    /// Each does a bounded portion and says how much that was.
    let tasks: [@Sendable (Date) async throws -> Int]
    let gate: Gate
    let keys: APIKeyStore
    let auditHeads: AuditHeadLog
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await auditHeads.write(now: Date())
            while (try? await Task.sleep(for: Self.interval)) != nil { await tidyUp() }
        }
        try await keys.recordUse()
    }

    private func tidyUp() async {
        do {
            let now = Date()
            try await gate.forget()
            // Small portions, so that other work does not wait long behind one.
            for task in tasks { while try await task(now) > 0 {} }
            await auditHeads.write(now: now)
        } catch is CancellationError {
        } catch {
            logger.warning("housekeeping will be tried again", metadata: ["error": "\(error)"])
        }
    }
}

import BoundaryText
import Database
import Synchronization

/// What is made of connections, kept at hand as long as none is changed, here or on another server: so all who use one use
/// the same, with its circuit and limits.
public final class ConnectionCache<ID: Hashable & Sendable, Live: Sendable>: Sendable {
    private struct State {
        var live: [ID: Live] = [:]
        /// Grows when everything is forgotten: what was read before is not kept after.
        var generation = 0
    }

    private let state = Mutex(State())

    /// Begins empty.
    public init() {}

    /// Forgets everything whenever a connection changes; runs until cancelled.
    public func followChanges(in database: Database) async {
        for await _ in database.signals(.connections) { forget() }
    }

    /// Forgets everything.
    public func forget() { state.withLock { $0 = State(generation: $0.generation + 1) } }

    /// What is at hand of a connection, else what is made of it now; nil when there is no such connection.
    public func live(_ id: ID, make: () async throws -> Live?) async throws -> Live? {
        let (present, generation) = state.withLock { ($0.live[id], $0.generation) }
        if let present { return present }
        guard let made = try await make() else { return nil }
        // Two that make it at the same time end up with the same.
        return state.withLock { state in
            if let first = state.live[id] { return first }
            if state.generation == generation { state.live[id] = made }
            return made
        }
    }
}

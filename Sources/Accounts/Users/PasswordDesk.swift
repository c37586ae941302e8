import BoundaryText
import Database
import NIOPosix
import Synchronization

/// Hashes passwords on threads of its own: each takes a quarter of a second, and requests must go on meanwhile.
public final class PasswordDesk: Sendable {
    // Half of a small server, so that a spray of sign-ins cannot take all of it.
    private static let threads = 1
    private static let longestQueue = 20

    private let pool: NIOThreadPool
    private let waiting = Mutex(0)

    /// Starts the threads.
    public init() {
        pool = NIOThreadPool(numberOfThreads: Self.threads)
        pool.start()
    }

    deinit {
        pool.shutdownGracefully { _ in }
    }

    func verify(_ password: String, against hash: String) async throws -> Bool {
        try await work { Password.verify(password, against: hash) }
    }

    func hash(_ password: String) async throws -> String {
        guard let hash = try await work({ Password.hash(password) }) else {
            throw DatabaseError.statement("libxcrypt cannot hash a password")
        }
        return hash
    }

    private func work<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async throws -> Value {
        let admitted = waiting.withLock { waiting in
            guard waiting < Self.longestQueue else { return false }
            waiting += 1
            return true
        }
        guard admitted else { throw SignIn.Refusal.busy }
        defer { waiting.withLock { $0 -= 1 } }
        return try await pool.runIfActive(body)
    }
}

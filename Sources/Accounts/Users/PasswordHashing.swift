import BoundaryText
import Database
import NIOPosix
import Synchronization

/// Hashes passwords on separate threads, because each hash takes a quarter of a second and other requests must
/// continue.
///
/// A visitor must take a place before anything else happens. Strangers share one thread, so that a wave of sign-ins
/// cannot use up a small server, and each network gets only some of their places. Browsers in which the account has
/// signed in before have their own thread and places, so that strangers cannot lock out the owners.
public final class PasswordHashing: Sendable {
    /// Who requests a place.
    enum Guest: Sendable, Equatable {
        /// A signed-in user, or a browser that proves an earlier sign-in to the same account.
        case known
        /// Anyone else, from a network as named by ``VisitorAddress/network(of:)``.
        case stranger(network: String)
    }

    /// A place: permission to hash or verify a password.
    struct Place: Sendable {
        fileprivate let pool: NIOThreadPool
        fileprivate let cost: PasswordCost

        /// - Parameter hash: Nil for an unknown account; that takes just as long and never matches.
        func verify(_ password: String, against hash: String?) async throws -> Bool {
            try await pool.runIfActive { [cost] in
                Password.verify(password, against: hash ?? Password.dummySetting(cost))
            }
        }

        func hash(_ password: String) async throws -> String {
            guard let hash = try await pool.runIfActive({ [cost] in Password.hash(password, cost: cost) }) else {
                throw DatabaseError.statement("libxcrypt cannot hash a password")
            }
            return hash
        }
    }

    static let places = 20
    /// The maximum per network, so that one network cannot take all of the strangers' places.
    static let placesOfNetwork = 10

    private struct Taken {
        var known = 0
        var strangers = 0
        var networks: [String: Int] = [:]

        mutating func admit(_ guest: Guest) -> Bool {
            switch guest {
            case .known:
                guard known < PasswordHashing.places else { return false }
                known += 1
            case .stranger(let network):
                let ofNetwork = networks[network] ?? 0
                guard strangers < PasswordHashing.places, ofNetwork < PasswordHashing.placesOfNetwork else {
                    return false
                }
                strangers += 1
                networks[network] = ofNetwork + 1
            }
            return true
        }

        mutating func leave(_ guest: Guest) {
            switch guest {
            case .known: known -= 1
            case .stranger(let network):
                strangers -= 1
                networks[network] = networks[network].flatMap { $0 > 1 ? $0 - 1 : nil }
            }
        }
    }

    private let strangers = NIOThreadPool(numberOfThreads: 1)
    private let known = NIOThreadPool(numberOfThreads: 1)
    private let taken = Mutex(Taken())
    private let cost: PasswordCost

    /// Starts the threads.
    /// - Parameter cost: The cost of new hashes.
    public init(cost: PasswordCost = .standard) {
        self.cost = cost
        strangers.start()
        known.start()
    }

    deinit {
        strangers.shutdownGracefully { _ in }
        known.shutdownGracefully { _ in }
    }

    /// Performs work that needs a password to be hashed or verified.
    /// - Throws: ``PasswordSignIn/Refusal/busy`` if all places for such a guest are taken.
    func withPlace<Value: Sendable>(
        for guest: Guest, _ body: (Place) async throws -> Value
    ) async throws -> Value {
        guard taken.withLock({ $0.admit(guest) }) else { throw PasswordSignIn.Refusal.busy }
        defer { taken.withLock { $0.leave(guest) } }
        return try await body(Place(pool: guest == .known ? known : strangers, cost: cost))
    }
}

import BoundaryText
import Database
import NIOPosix
import Synchronization

/// Hashes passwords on threads of its own: each takes a quarter of a second, and requests must go on meanwhile.
///
/// Visitors have to take a place before anything else is done for them. Strangers share one thread, so that a spray of
/// sign-ins cannot take all of a small server, and leave places to each other; browsers in which the account signed in
/// before have a thread and places of their own, so that strangers cannot keep their owners out.
public final class PasswordHashing: Sendable {
    /// Who asks for a place.
    enum Guest: Sendable, Equatable {
        /// Somebody who is signed in, or whose browser proves an earlier sign-in of the same account.
        case known
        /// Anybody else, from a network as ``VisitorAddress/network(of:)`` names it.
        case stranger(network: String)
    }

    /// A place: the right to have a password hashed.
    struct Place: Sendable {
        fileprivate let pool: NIOThreadPool
        fileprivate let cost: PasswordCost

        /// - Parameter hash: nil when there is no such account, which takes as long and is never right.
        func verify(_ password: String, against hash: String?) async throws -> Bool {
            try await pool.runIfActive { [cost] in
                Password.verify(password, against: hash ?? Password.settingOfNobody(cost))
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
    /// Of the strangers' places, so that one network cannot take them all.
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
    /// - Parameter cost: of new hashes.
    public init(cost: PasswordCost = .standard) {
        self.cost = cost
        strangers.start()
        known.start()
    }

    deinit {
        strangers.shutdownGracefully { _ in }
        known.shutdownGracefully { _ in }
    }

    /// Does something for which a password has to be hashed.
    /// - Throws: ``PasswordSignIn/Refusal/busy`` when all places for such a guest are taken.
    func withPlace<Value: Sendable>(
        for guest: Guest, _ body: (Place) async throws -> Value
    ) async throws -> Value {
        guard taken.withLock({ $0.admit(guest) }) else { throw PasswordSignIn.Refusal.busy }
        defer { taken.withLock { $0.leave(guest) } }
        return try await body(Place(pool: guest == .known ? known : strangers, cost: cost))
    }
}

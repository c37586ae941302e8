import BoundaryText
import ConnectWise

/// The keys that sign one connection's callbacks, and how often they may be asked for. Pure.
///
/// Anybody can send a callback that names the address of a key. Keys that have verified something are kept apart from
/// those that were only asked for, and calls for them are counted apart, so that strangers neither push a key out nor use
/// up the calls that a new key of ConnectWise needs.
struct KeyRing: Sendable {
    struct Key: Sendable, Equatable {
        let text: String
        /// When it was asked for: what was sent later may be signed by a newer one.
        let asked: ContinuousClock.Instant
    }

    /// What may be done about a callback that no key at hand verifies.
    enum Permission: Sendable, Equatable {
        /// Ask for the key; whether it is one that verified something before.
        case ask(isProven: Bool)
        /// It was asked for a moment ago, or too many were.
        case wait
    }

    // ConnectWise sends a callback again after 2 s: by then the key can be asked for once more.
    static let interval: Duration = .milliseconds(1_500)
    static let window: Duration = .seconds(20)
    /// Calls in each window for keys that have verified nothing: of callbacks that came to the connection's own address,
    /// which only ConnectWise and its administrators know, and of those that only name the company.
    static let strangers = (addressed: 10, unaddressed: 5)
    // A company has one; after an upgrade of ConnectWise another.
    private static let most = 20

    private var proven: [CallbackKeyAddress: Key] = [:]
    private var others: [CallbackKeyAddress: Key] = [:]
    /// When keys that have verified something were last asked for, with or without success.
    private var lastAsked: [CallbackKeyAddress: ContinuousClock.Instant] = [:]
    private var asked: [Bool: [ContinuousClock.Instant]] = [:]
    /// The address of the last key that verified something before we started.
    private let remembered: String?

    init(remembered: String?) {
        self.remembered = remembered
    }

    func key(at address: CallbackKeyAddress) -> Key? { proven[address] ?? others[address] }

    func isProven(_ address: CallbackKeyAddress) -> Bool {
        proven[address] != nil || address.url == remembered
    }

    /// Whether a key may be asked for now; if so, it counts.
    /// - Parameter isAddressed: whether the callback came to the connection's own address.
    mutating func permit(
        _ address: CallbackKeyAddress, isAddressed: Bool, at now: ContinuousClock.Instant
    ) -> Permission {
        if let last = lastAsked[address] ?? others[address]?.asked, last.duration(to: now) < Self.interval {
            return .wait
        }
        guard !isProven(address) else {
            lastAsked[address] = now
            return .ask(isProven: true)
        }
        var calls = asked[isAddressed] ?? []
        calls.removeAll { $0.duration(to: now) > Self.window }
        guard calls.count < (isAddressed ? Self.strangers.addressed : Self.strangers.unaddressed) else {
            asked[isAddressed] = calls
            return .wait
        }
        asked[isAddressed] = calls + [now]
        return .ask(isProven: false)
    }

    /// Keeps a key that was fetched.
    mutating func keep(_ key: Key, of address: CallbackKeyAddress) {
        guard proven[address] == nil else {
            proven[address] = key
            return
        }
        others[address] = key
        Self.shorten(&others)
    }

    /// Notes that the key at hand verified a callback.
    /// - Returns: whether it is the first time.
    mutating func prove(_ address: CallbackKeyAddress) -> Bool {
        guard let key = others.removeValue(forKey: address) else { return false }
        proven[address] = key
        Self.shorten(&proven)
        lastAsked = lastAsked.filter { proven[$0.key] != nil }
        lastAsked[address] = key.asked
        return true
    }

    private static func shorten(_ keys: inout [CallbackKeyAddress: Key]) {
        guard keys.count > most, let oldest = keys.min(by: { $0.value.asked < $1.value.asked }) else { return }
        keys[oldest.key] = nil
    }
}

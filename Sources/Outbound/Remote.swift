import BoundaryText
import Metrics
import Synchronization

/// One outside system as all its callers share it: limits, budget, circuit, pause.
public final class Remote: Sendable {
    /// What a call may take.
    public struct Limits: Sendable {
        /// From handing over to the last byte of the answer.
        public var timeOut: Duration
        /// Bytes of an answer's body.
        public var maximumAnswerBytes: Int
        /// The longest wait for the budget by background work.
        public var patience: Duration
        /// The longest wait for the budget by a user in front of a screen.
        public var interactivePatience: Duration

        public init(
            timeOut: Duration = .seconds(20), maximumAnswerBytes: Int = 16 << 20, patience: Duration = .seconds(30),
            interactivePatience: Duration = .seconds(5)
        ) {
            self.timeOut = timeOut
            self.maximumAnswerBytes = maximumAnswerBytes
            self.patience = patience
            self.interactivePatience = interactivePatience
        }

        func patience(_ priority: CallPriority) -> Duration {
            switch priority {
            case .interactive, .writing: interactivePatience
            case .background: patience
            }
        }
    }

    /// What health pages show.
    public struct Status: Sendable, Equatable {
        public var circuit: CircuitBreaker.State
        /// How much longer calls are held back on the system's request; nil when they are not.
        public var pausedFor: Duration?
    }

    private struct State {
        var breaker: CircuitBreaker
        var pausedUntil: ContinuousClock.Instant?
    }

    /// Kind and id of the system, such as `connectwise:3`; the kind alone is the label in metrics.
    public let name: String
    public let limits: Limits
    /// For what it is called, which decides the hosts; nil for what only operators connect.
    public let purpose: HostAllowlist.Purpose?
    let budget: (any CallBudget)?
    let clock: OutboundClock
    private let state: Mutex<State>
    private let counters: [CallOutcome: Counter]
    private let duration: Metrics.Timer

    public init(
        _ name: String, for purpose: HostAllowlist.Purpose? = nil, limits: Limits = Limits(),
        budget: (any CallBudget)? = nil, circuit: CircuitBreaker.Policy = CircuitBreaker.Policy(),
        clock: OutboundClock = .continuous
    ) {
        self.name = name
        self.purpose = purpose
        self.limits = limits
        self.budget = budget
        self.clock = clock
        state = Mutex(State(breaker: CircuitBreaker(circuit)))
        let kind = name.splitBytes(on: ":").first.map(String.init) ?? name
        // Looking a metric up costs a lock and a hash of its labels, so each is made once.
        counters = Dictionary(
            uniqueKeysWithValues: CallOutcome.allCases.map { outcome in
                let labels = [("remote", kind), ("outcome", outcome.rawValue)]
                return (outcome, Counter(label: "patchbay_outbound_calls_total", dimensions: labels))
            })
        duration = Metrics.Timer(label: "patchbay_outbound_call_duration_seconds", dimensions: [("remote", kind)])
    }

    /// The present, by the clock that this remote waits by.
    public var now: ContinuousClock.Instant { clock.now() }

    /// Holds all calls back for a while, as `Retry-After` asks; a longer pause already there stays.
    public func pause(for duration: Duration) {
        let until = clock.now() + duration
        state.withLock { $0.pausedUntil = max($0.pausedUntil ?? until, until) }
    }

    /// Ends a pause and closes the circuit, because the system is known to work again.
    public func resume() {
        state.withLock {
            $0.pausedUntil = nil
            $0.breaker.close()
        }
    }

    /// Circuit and pause at this moment.
    public var status: Status {
        let now = clock.now()
        return state.withLock {
            Status(circuit: $0.breaker.state, pausedFor: $0.pausedUntil.flatMap { $0 > now ? $0 - now : nil })
        }
    }

    /// Refuses early, before a place in the budget is spent; claims nothing.
    func checkOpen() throws(OutboundError) {
        let now = clock.now()
        let (breaker, pausedUntil) = state.withLock { ($0.breaker, $0.pausedUntil) }
        if let pausedUntil, pausedUntil > now { throw .budget(retryAfter: pausedUntil - now) }
        var trial = breaker
        if case .refuse(let retryAfter) = trial.ask(at: now) { throw .circuitOpen(retryAfter: retryAfter) }
    }

    /// Admits one call, whose result has to be reported.
    ///
    /// - Returns: whether it is the circuit's probe.
    func admit() throws(OutboundError) -> Bool {
        let now = clock.now()
        let verdict: Result<Bool, OutboundError> = state.withLock { state in
            if let pausedUntil = state.pausedUntil, pausedUntil > now {
                return .failure(.budget(retryAfter: pausedUntil - now))
            }
            switch state.breaker.ask(at: now) {
            case .call: return .success(false)
            case .probe: return .success(true)
            case .refuse(let retryAfter): return .failure(.circuitOpen(retryAfter: retryAfter))
            }
        }
        return try verdict.get()
    }

    func report(_ outcome: CircuitBreaker.Outcome, probe: Bool) {
        let now = clock.now()
        state.withLock { $0.breaker.report(outcome, probe: probe, at: now) }
    }

    func count(_ outcome: CallOutcome) {
        counters[outcome]?.increment()
    }

    func record(_ elapsed: Duration) {
        duration.record(duration: elapsed)
    }
}

/// How a call ended, as the label `outcome` in metrics.
enum CallOutcome: String, CaseIterable, Sendable {
    case success, rejected, cancelled, budget, redirected, tls, connection
    case rateLimited = "rate_limited"
    case serverError = "server_error"
    case notAllowed = "not_allowed"
    case refusedAddress = "refused_address"
    case timeOut = "timeout"
    case tooLarge = "too_large"
    case circuitOpen = "circuit_open"

    init(status: Int) {
        switch status {
        case 429: self = .rateLimited
        case 500...: self = .serverError
        case 400..<500: self = .rejected
        default: self = .success
        }
    }

    init(_ error: OutboundError) {
        switch error {
        case .notAllowed: self = .notAllowed
        case .refusedAddress: self = .refusedAddress
        case .timeOut: self = .timeOut
        case .connection: self = .connection
        case .tls: self = .tls
        case .tooLarge: self = .tooLarge
        case .redirected: self = .redirected
        case .circuitOpen: self = .circuitOpen
        case .budget: self = .budget
        case .cancelled: self = .cancelled
        }
    }

    /// What the circuit learns from it.
    var circuit: CircuitBreaker.Outcome {
        switch self {
        case .success, .rejected, .rateLimited, .redirected, .tooLarge: .answered
        case .serverError, .timeOut, .connection, .tls: .failed
        case .cancelled, .budget, .circuitOpen, .notAllowed, .refusedAddress: .abandoned
        }
    }
}

import BoundaryText

/// Leaves a failing system alone: opens after failures in a row, lets one probe through after a growing wait, closes
/// when it succeeds. A pure state machine.
public struct CircuitBreaker: Sendable {
    /// When to open and how long to wait.
    public struct Policy: Sendable {
        /// Failures in a row that open the circuit.
        public var failures: Int
        /// Wait before the first probe; doubles after each probe that fails.
        public var firstWait: Duration
        public var longestWait: Duration

        public init(failures: Int = 10, firstWait: Duration = .seconds(15), longestWait: Duration = .seconds(120)) {
            self.failures = failures
            self.firstWait = firstWait
            self.longestWait = longestWait
        }
    }

    /// The circuit's state.
    public enum State: Sendable, Equatable {
        case closed(failures: Int)
        case open(until: ContinuousClock.Instant, wait: Duration)
        /// One call is on its way to find out; all others are refused.
        case probing(wait: Duration)
    }

    /// What a caller may do.
    public enum Decision: Sendable, Equatable {
        case call
        /// This call decides; its result has to be reported whatever happens.
        case probe
        case refuse(retryAfter: Duration)
    }

    /// How a permitted call went.
    public enum Outcome: Sendable, Equatable {
        /// The system answered, be it with a refusal.
        case answered
        case failed
        /// Nothing was learnt: cancelled, or never sent.
        case abandoned
    }

    /// The circuit's current state.
    public private(set) var state = State.closed(failures: 0)
    private let policy: Policy

    public init(_ policy: Policy = Policy()) {
        self.policy = policy
    }

    /// Asks to call; ``Decision/probe`` claims the probe.
    public mutating func ask(at now: ContinuousClock.Instant) -> Decision {
        switch state {
        case .closed:
            return .call
        case .open(let until, let wait):
            guard now >= until else { return .refuse(retryAfter: until - now) }
            state = .probing(wait: wait)
            return .probe
        case .probing:
            // The probe ends within its time-out, so asking again soon is cheap.
            return .refuse(retryAfter: .seconds(1))
        }
    }

    /// Reports how a call went. Calls that began before the circuit opened say nothing about it any more.
    public mutating func report(_ outcome: Outcome, probe: Bool, at now: ContinuousClock.Instant) {
        switch (state, probe) {
        case (.closed(let failures), false):
            switch outcome {
            case .answered:
                state = .closed(failures: 0)
            case .failed where failures + 1 >= policy.failures:
                state = .open(until: now + policy.firstWait, wait: policy.firstWait)
            case .failed:
                state = .closed(failures: failures + 1)
            case .abandoned:
                break
            }
        case (.probing(let wait), true):
            switch outcome {
            case .answered:
                state = .closed(failures: 0)
            case .failed:
                let longer = min(wait * 2, policy.longestWait)
                state = .open(until: now + longer, wait: longer)
            case .abandoned:
                state = .open(until: now, wait: wait)
            }
        case (.closed, true), (.open, _), (.probing, false):
            break
        }
    }

    /// Closes the circuit, for instance because a person's connection test succeeded.
    public mutating func close() {
        state = .closed(failures: 0)
    }
}

import BoundaryText
import NIOCore

/// Whom a call serves. People who wait go before everything else; what is written for them and what is read in the
/// background have shares of their own.
public enum CallPriority: String, Sendable, Hashable, CaseIterable {
    /// A user is waiting.
    case interactive = "people"
    /// What was asked for is written, now or later.
    case writing
    case background
}

/// A limit on calls to one outside system, possibly shared by several processes.
public protocol CallBudget: AnyObject, Sendable {
    /// Takes one call, waiting for it if need be; interactive callers go first.
    ///
    /// - Parameters:
    ///   - priority: who goes first.
    ///   - patience: the longest wait.
    /// - Throws: ``OutboundError/budget(retryAfter:)`` when it would take longer, ``OutboundError/cancelled(maybeSent:)``.
    func acquire(_ priority: CallPriority, patience: Duration) async throws(OutboundError)

    /// Sets calls aside for work that needs all of them, or throws as ``acquire(_:patience:)`` does: fewer only where
    /// there never are so many. They have to be given back.
    func setAside(
        _ calls: Int, _ priority: CallPriority, patience: Duration
    ) async throws(OutboundError) -> CallAllowance

    /// Takes back what was not used.
    func takeBack(_ allowance: CallAllowance) async
}

extension CallBudget {
    /// Nothing: each call is counted when it is made.
    public func setAside(
        _ calls: Int, _ priority: CallPriority, patience: Duration
    ) async throws(OutboundError) -> CallAllowance {
        CallAllowance(of: self, priority: priority)
    }

    /// Nothing.
    public func takeBack(_ allowance: CallAllowance) async {}
}

/// A budget within this process: never more than `limit` calls in any window, whenever the window starts.
public actor SlidingCallBudget: CallBudget {
    private let limit: Int
    private let window: Duration
    private let clock: OutboundClock
    /// When the last `limit` calls were granted, oldest first.
    private var granted: CircularBuffer<ContinuousClock.Instant>
    private var waiting: [CallPriority: [Int]] = [:]
    private var nextTicket = 0

    /// Grants `limit` calls (at least 1) in each window.
    public init(limit: Int, window: Duration = .seconds(60), clock: OutboundClock = .continuous) {
        self.limit = max(1, limit)
        self.window = window
        self.clock = clock
        granted = CircularBuffer(initialCapacity: max(1, limit))
    }

    /// See ``CallBudget/acquire(_:patience:)``.
    public func acquire(_ priority: CallPriority, patience: Duration) async throws(OutboundError) {
        let ticket = nextTicket
        nextTicket += 1
        waiting[priority, default: []].append(ticket)
        defer { waiting[priority]?.removeAll { $0 == ticket } }

        let deadline = clock.now() + patience
        while true {
            let now = clock.now()
            while let oldest = granted.first, oldest + window <= now { granted.removeFirst() }
            let ahead = position(of: ticket, priority)
            let free = limit - granted.count
            if ahead < free {
                granted.append(now)
                return
            }
            // The place that will be ours is the one after those that go to the callers ahead. Beyond one window the
            // ring does not reach; then the wait is at least one window, and is computed again when it is over.
            let index = ahead - free
            let due = index < granted.count ? granted[offset: index] + window : now + window
            guard due <= deadline else { throw .budget(retryAfter: due - now) }
            do {
                try await clock.sleep(due)
            } catch {
                throw .cancelled(maybeSent: false)
            }
        }
    }

    private func position(of ticket: Int, _ priority: CallPriority) -> Int {
        let own = waiting[priority]?.firstIndex(of: ticket) ?? 0
        switch priority {
        case .interactive: return own
        case .writing: return own + (waiting[.interactive]?.count ?? 0)
        case .background: return own + (waiting[.interactive]?.count ?? 0) + (waiting[.writing]?.count ?? 0)
        }
    }
}

extension CircularBuffer {
    fileprivate subscript(offset offset: Int) -> Element {
        self[index(startIndex, offsetBy: offset)]
    }
}

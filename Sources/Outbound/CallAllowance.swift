import BoundaryText
import Foundation
import Synchronization

/// Calls that are set aside for one piece of work. Where many begin at once, each would take the first of the calls that
/// it needs, and none would be left for the second; so work begins only with all of its calls, or not at all.
public final class CallAllowance: Sendable {
    /// What was used of it.
    public struct Use: Sendable {
        /// How many calls were made with it.
        public var used = 0
        /// When the last one was.
        public var lastUsed: Date?
    }

    private struct State {
        var left: Int
        /// Acquired one by one beyond what was set aside.
        var paid = 0
        var use = Use()
    }

    /// That of the work under way.
    @TaskLocal public static var current: CallAllowance?

    /// Names it to its budget.
    public let id: Int64
    /// How many calls it is.
    public let calls: Int
    /// Whom it serves, also where it is not enough.
    public let priority: CallPriority
    private let budget: any CallBudget
    private let validUntil: Date
    private let now: @Sendable () -> Date
    private let state: Mutex<State>

    /// - Parameters:
    ///   - validUntil: what is not used by then counts as used.
    ///   - now: the budget's clock.
    public init(
        of budget: any CallBudget, priority: CallPriority, id: Int64 = 0, calls: Int = 0,
        validUntil: Date = .distantPast, now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.id = id
        self.calls = calls
        self.priority = priority
        self.budget = budget
        self.validUntil = validUntil
        self.now = now
        state = Mutex(State(left: calls))
    }

    /// What was used up to now.
    public var use: Use { state.withLock { $0.use } }

    func isOf(_ other: any CallBudget) -> Bool { budget === other }

    /// Uses a call; false when none is left.
    func take() -> Bool {
        let instant = now()
        return state.withLock { state in
            if state.paid > 0 {
                state.paid -= 1
                return true
            }
            guard state.left > 0, instant < validUntil else { return false }
            state.left -= 1
            state.use.used += 1
            state.use.lastUsed = instant
            return true
        }
    }

    /// Nothing more is taken from it: callers that still use it are counted on their own.
    func close() { state.withLock { $0.left = 0 } }

    private var isUsedUp: Bool {
        let instant = now()
        return state.withLock { $0.paid < 1 && ($0.left < 1 || instant >= validUntil) }
    }

    /// Waits until there is one more call, where all that were set aside are used: work that has begun ends before other
    /// work begins, however small the budget is.
    /// - Parameter patience: the longest wait.
    public func ensureOne(patience: Duration) async throws(OutboundError) {
        guard isUsedUp else { return }
        try await budget.acquire(priority, patience: patience)
        state.withLock { $0.paid += 1 }
    }
}

extension Remote {
    /// Does work with calls set aside for it, or throws before it begins.
    /// - Parameters:
    ///   - calls: as many as the work normally needs; a further one is counted when it is made.
    ///   - priority: whom all its calls serve, whatever they say.
    public func withCalls<Value: Sendable>(
        _ calls: Int, _ priority: CallPriority, _ body: () async throws -> Value
    ) async throws -> Value {
        guard let budget else { return try await body() }
        let allowance = try await budget.setAside(calls, priority, patience: limits.interactivePatience)
        let result: Result<Value, any Error>
        do {
            result = .success(try await CallAllowance.$current.withValue(allowance) { try await body() })
        } catch {
            result = .failure(error)
        }
        allowance.close()
        await budget.takeBack(allowance)
        return try result.get()
    }

    /// Takes a call of the work's own, else one of the budget.
    func acquire(_ priority: CallPriority) async throws(OutboundError) {
        guard let budget else { return }
        guard let allowance = CallAllowance.current, allowance.isOf(budget) else {
            return try await budget.acquire(priority, patience: limits.patience(priority))
        }
        if allowance.take() { return }
        try await budget.acquire(allowance.priority, patience: limits.patience(allowance.priority))
    }
}

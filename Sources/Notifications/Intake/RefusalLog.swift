import BoundaryText
import Foundation
import Logging
import Synchronization

/// Logs refused hooks: the first of each minute one by one, the others as a number, so that strangers cannot fill the disk.
final class RefusalLog: Sendable {
    /// Enough to see what somebody tries.
    static let loggedEachMinute = 10

    private struct State {
        var began = Date.distantPast
        var logged = 0
        var silent = 0
    }

    private let logger: Logger
    private let now: @Sendable () -> Date
    private let state = Mutex(State())

    init(_ logger: Logger, now: @escaping @Sendable () -> Date) {
        self.logger = logger
        self.now = now
    }

    func note(_ why: String) {
        flush()
        let isLogged = state.withLock { state in
            guard state.logged < Self.loggedEachMinute else {
                state.silent += 1
                return false
            }
            state.logged += 1
            return true
        }
        if isLogged { logger.warning("hook refused", metadata: ["reason": "\(why)"]) }
    }

    /// Tells of those that were not logged, once their minute is over.
    func flush() {
        let instant = now()
        let silent = state.withLock { state -> Int in
            // Also when the clock was set back.
            guard !(0..<60).contains(instant.timeIntervalSince(state.began)) else { return 0 }
            defer { state = State(began: instant) }
            return state.silent
        }
        if silent > 0 { logger.warning("more hooks were refused", metadata: ["count": "\(silent)"]) }
    }
}

import BoundaryText
import Foundation
import Synchronization

/// The next time to look for jobs; one is enough.
final class Alarm: Sendable {
    private let next = Mutex<Date?>(nil)

    /// Whether it has to be waited for: not when it rings earlier anyway.
    func set(_ date: Date) -> Bool {
        next.withLock { next in
            if let next, next <= date { return false }
            next = date
            return true
        }
    }

    func rang(_ date: Date) {
        next.withLock { if $0 == date { $0 = nil } }
    }
}

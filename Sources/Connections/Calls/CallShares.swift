import BoundaryText
import Outbound

/// Who may use how many of a minute's calls. Pure.
///
/// A fifth is always reserved for people. Writes may use three fifths, so that background reads never stop because of
/// them. Reads may use the rest except a tenth, so that a single note finds a call; while writes wait, reads may use a
/// fifth.
struct CallShares: Sendable, Equatable {
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    private var people: Int { limit / 5 }
    private var shared: Int { limit - people }
    private var writing: Int { max(1, limit * 3 / 5) }
    private var background: Int { max(1, limit / 5) }

    /// How many calls of a share are free.
    /// - Parameters:
    ///   - used: the calls of the last minute.
    ///   - writesWait: whether calls were refused to writes lately.
    func room(for priority: CallPriority, used: [CallPriority: Int], writesWait: Bool) -> Int {
        func calls(_ priority: CallPriority) -> Int { used[priority] ?? 0 }
        let all = calls(.interactive) + calls(.writing) + calls(.background)
        // What people use beyond their fifth they take from all.
        let sharedUsed = calls(.writing) + calls(.background) + max(0, calls(.interactive) - people)
        switch priority {
        case .interactive:
            return limit - all
        case .writing:
            return min(shared - sharedUsed, writing - calls(.writing))
        case .background:
            let room = shared - sharedUsed - max(0, limit / 10 - calls(.writing))
            return writesWait ? min(room, background - calls(.background)) : room
        }
    }

    /// The most calls that a piece of work can get, regardless of who else waits; at least one.
    func most(for priority: CallPriority) -> Int {
        switch priority {
        case .interactive: max(1, limit)
        case .writing: writing
        case .background: background
        }
    }
}

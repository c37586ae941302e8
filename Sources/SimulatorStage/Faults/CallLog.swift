import Foundation

/// One call that a simulator saw.
public struct SeenCall: Sendable {
    /// HTTP method.
    public let method: String
    /// Path as sent, without the query.
    public let path: String
    /// Query as sent, percent-encoded.
    public let query: String
    /// When it arrived.
    public let time: Date
}

/// Counts per second over one minute, so that the sum over the last 60 seconds is always at hand.
struct MinuteWindow: Sendable {
    private var buckets = [Int](repeating: 0, count: 60)
    private var second = 0
    private(set) var sum = 0

    mutating func advance(to now: Int) {
        guard now > second else { return }
        if now - second >= 60 {
            buckets = [Int](repeating: 0, count: 60)
            sum = 0
        } else {
            for passed in (second + 1)...now {
                sum -= buckets[passed % 60]
                buckets[passed % 60] = 0
            }
        }
        second = now
    }

    mutating func add() {
        buckets[second % 60] += 1
        sum += 1
    }

    /// Seconds until the oldest call leaves the window; at least 1.
    var secondsUntilRoom: Int {
        for age in stride(from: 59, through: 0, by: -1) where buckets[(second - age + 600) % 60] > 0 {
            return max(1, 60 - age)
        }
        return 1
    }
}

/// What was called: counts by route, the busiest minute, and the last calls in a bounded ring.
struct CallLog: Sendable {
    private let capacity: Int
    private var ring: [SeenCall] = []
    private var oldest = 0
    private var minute = MinuteWindow()
    private(set) var total = 0
    private(set) var refused = 0
    private(set) var perMinuteMaximum = 0
    private(set) var byRoute: [String: Int] = [:]

    init(capacity: Int) { self.capacity = max(1, capacity) }

    mutating func note(_ call: SeenCall, route: String, second: Int) {
        total += 1
        byRoute[route, default: 0] += 1
        minute.advance(to: second)
        minute.add()
        perMinuteMaximum = max(perMinuteMaximum, minute.sum)
        if ring.count < capacity {
            ring.append(call)
        } else {
            ring[oldest] = call
            oldest = (oldest + 1) % capacity
        }
    }

    mutating func noteRefusal() { refused += 1 }

    mutating func reset() { self = CallLog(capacity: capacity) }

    /// The calls still remembered, oldest first.
    var calls: [SeenCall] { Array(ring[oldest...] + ring[..<oldest]) }
}

/// Calls a minute that a system answers before it says 429.
struct RateLimit: Sendable {
    var perMinute: Int?
    private var window = MinuteWindow()

    init(perMinute: Int?) { self.perMinute = perMinute }

    /// Nil if the call may pass, else the seconds to wait.
    mutating func take(second: Int) -> Int? {
        guard let perMinute else { return nil }
        window.advance(to: second)
        guard window.sum < perMinute else { return window.secondsUntilRoom }
        window.add()
        return nil
    }
}

import BoundaryText
import Foundation

/// Points in time as people type them, turned into the API's RFC 3339 in UTC.
enum Instant {
    /// Which way `2h` counts: filters look back, expiry looks ahead.
    enum Direction: Equatable, Sendable {
        case back
        case ahead

        var examples: String {
            switch self {
            case .back: "2026-11-21T08:00:00Z, 2026-11-21, now, or 2h or 7d ago"
            case .ahead: "2026-11-21T08:00:00Z, 2026-11-21, now, or 2h or 7d from now"
            }
        }
    }

    /// Reads an RFC 3339 instant, a date (its midnight in UTC), `now`, or a distance from now in minutes, hours or days
    /// (`30m`, `2h`, `7d`). Nil when the text is none of these.
    static func read(_ text: String, now: Date, counting direction: Direction) -> String? {
        if text == "now" { return now.formatted(.iso8601) }
        if let distance = distance(text) {
            let sign: Double =
                switch direction {
                case .back: -1
                case .ahead: 1
                }
            return now.addingTimeInterval(sign * distance).formatted(.iso8601)
        }
        if text.wholeMatch(of: /\d{4}-\d\d-\d\d/) != nil {
            return read("\(text)T00:00:00Z", now: now, counting: direction)
        }
        // Foundation takes February 30 for March 2.
        let local = text.cut(toBytes: 19)
        guard let there = try? Date("\(local)Z", strategy: .iso8601), there.formatted(.iso8601) == local + "Z"
        else {
            return nil
        }
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: text.utf8.contains("."))
        return (try? style.parse(text))?.formatted(style)
    }

    /// Seconds. Four digits are enough for 27 years in days.
    private static func distance(_ text: String) -> Double? {
        guard let match = text.wholeMatch(of: /(\d{1,4})([mhd])/), let count = Double(match.1) else { return nil }
        let seconds: [Substring: Double] = ["m": 60, "h": 3600, "d": 86400]
        return seconds[match.2].map { $0 * count }
    }
}

extension Instant {
    /// The value of an option that takes a point in time.
    static func option(
        _ name: String, _ text: String, _ direction: Direction, in surroundings: Surroundings
    ) throws(Failure) -> String {
        guard let instant = read(text, now: surroundings.now(), counting: direction) else {
            throw .usage("--\(name): a time is needed, such as \(direction.examples)")
        }
        return instant
    }
}

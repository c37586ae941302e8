import BoundaryText
import Foundation

/// How results look: on a terminal for the person before it, elsewhere the same for every reader.
struct Style: Equatable, Sendable {
    /// The terminal's columns; nil where there is none, and nothing is cut.
    var width: Int?
    var isColored = false
    var times = Times.utc

    /// Without a terminal.
    static let plain = Style()

    /// Points in time.
    enum Times: Equatable, Sendable {
        /// `2026-11-21 08:00:00Z`, so that it can be compared with logs.
        case utc
        /// `5 min ago`; alone `2026-11-21 09:00:00 (5 min ago)`, in the person's time zone.
        case local(now: Date, TimeZone)

        /// An RFC 3339 instant for people; any other text as it is.
        func text(_ instant: String, isAlone: Bool) -> String {
            let plain = instant.replacing(bytes: "T", with: " ").replacing(/\.\d+/, with: "")
            guard case .local(let now, let zone) = self, let date = Self.date(instant) else { return plain }
            let relative = Self.relative(date, to: now)
            guard isAlone || relative == nil else { return relative ?? plain }
            let shifted = date.addingTimeInterval(Double(zone.secondsFromGMT(for: date))).formatted(.iso8601)
            let local = shifted.replacing(bytes: "T", with: " ").replacing(bytes: "Z", with: "")
            guard isAlone else { return local.cut(toBytes: 10) }
            return relative.map { "\(local) (\($0))" } ?? local
        }

        private static func date(_ text: String) -> Date? {
            try? Date.ISO8601FormatStyle(includingFractionalSeconds: text.utf8.contains(".")).parse(text)
        }

        /// Nil for what is more than 30 days away.
        private static func relative(_ date: Date, to now: Date) -> String? {
            let seconds = Int(saturating: now.timeIntervalSince(date))
            let distance = seconds.magnitude
            let text: String? =
                switch distance {
                case ..<60: nil
                case ..<3_600: "\(distance / 60) min"
                case ..<86_400: "\(distance / 3_600) h"
                case ..<(30 * 86_400): distance / 86_400 == 1 ? "1 day" : "\(distance / 86_400) days"
                default: ""
                }
            guard let text else { return "now" }
            guard !text.isEmpty else { return nil }
            return seconds < 0 ? "in \(text)" : "\(text) ago"
        }
    }
}

/// The colour of a state on a terminal.
enum Tone: Equatable, Sendable {
    case good
    case waiting
    case bad
    case quiet

    /// The tone of a state; nil for one that is not known.
    init?(state: String) {
        switch state {
        case "ok", "sent", "active", "ready", "granted", "success", "idle": self = .good
        case "queued", "running", "uncertain", "upcoming", "paused", "pending", "untested", "silent", "unknown":
            self = .waiting
        case "failed", "missing", "not_ready", "error": self = .bad
        case "skipped", "simulated", "expired", "disabled", "dismissed", "cancelled": self = .quiet
        default: return nil
        }
    }

    /// The text between the marks that a terminal takes.
    func colored(_ text: String) -> String {
        let code =
            switch self {
            case .good: "32"
            case .waiting: "33"
            case .bad: "31"
            case .quiet: "2"
            }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}
